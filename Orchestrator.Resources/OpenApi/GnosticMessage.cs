using System.Text.Json.Nodes;
using Orchestrator.Resources.Protobuf;

namespace Orchestrator.Resources.OpenApi;

/// <summary>Writes a JSON value as what follows a message's tag. Throws <see cref="GnosticFormatException"/> where it is of another kind.</summary>
internal delegate void GnosticBody(ProtobufWriter writer, JsonNode? value);

/// <summary>Writes a member's value as field <paramref name="number"/>: as none, one or several of it.</summary>
internal delegate void GnosticField(ProtobufWriter writer, int number, JsonNode? value);

/// <summary>A member of a JSON object and the number of the message's field that holds it.</summary>
internal readonly record struct GnosticMember(string Name, int Number, GnosticField Write);

/// <summary>Members known by the form of their names alone (paths, response codes), which a repeated field of name and value holds.</summary>
internal sealed record GnosticOthers(int Number, Func<string, bool> Fits, GnosticBody Value);

/// <summary>
/// One of gnostic's messages for a JSON object: its members by field number, the field of its extensions (<c>x-…</c>), and what it holds by name. Both versions of OpenAPI are lists of
/// these. Fields are written in the order of their numbers, as Go's protobuf does; a member that the message has no field for is an error, as it is to gnostic.
/// </summary>
internal sealed class GnosticMessage
{
    private const int Extensions = -1, Others = -2;

    private readonly (int Number, int Place)[] _order;
    private readonly GnosticMember[] _members;
    private readonly Dictionary<string, int> _places;
    private readonly int _extensions;
    private readonly GnosticOthers? _others;

    /// <summary><paramref name="extensions"/> is the number of the extensions' field, 0 where there is none.</summary>
    public GnosticMessage(int extensions, IReadOnlyList<GnosticMember> members, GnosticOthers? others = null)
    {
        (_extensions, _others, _members) = (extensions, others, [.. members]);
        _places = members.Select((m, i) => KeyValuePair.Create(m.Name, i)).ToDictionary(StringComparer.Ordinal);
        var order = members.Select((m, i) => (m.Number, Place: i));
        if (extensions > 0) order = order.Append((extensions, Extensions));
        if (others is not null) order = order.Append((others.Number, Others));
        _order = [.. order.OrderBy(o => o.Number)];
    }

    /// <summary>Writes the message of a JSON object.</summary>
    public void Write(ProtobufWriter writer, JsonNode? value)
    {
        var values = new JsonNode?[_members.Length];
        var there = new bool[_members.Length];
        List<KeyValuePair<string, JsonNode?>> extensions = [], others = [];
        foreach (var member in GnosticValues.Object(value))
        {
            if (_places.TryGetValue(member.Key, out var place)) (values[place], there[place]) = (member.Value, true);
            else if (_extensions > 0 && member.Key.StartsWith("x-", StringComparison.Ordinal)) extensions.Add(member);
            else if (_others?.Fits(member.Key) == true) others.Add(member);
            else throw new GnosticFormatException($"has invalid property: {member.Key}");
        }
        foreach (var (number, place) in _order)
        {
            if (place == Extensions) Named(writer, number, extensions, GnosticValues.AnyBody);
            else if (place == Others) Named(writer, number, others, _others!.Value);
            else if (there[place]) _members[place].Write(writer, number, values[place]);
        }
    }

    /// <summary>Writes pairs of a name (1) and a value (2).</summary>
    internal static void Named(ProtobufWriter writer, int number, IEnumerable<KeyValuePair<string, JsonNode?>> pairs, GnosticBody value)
    {
        foreach (var (name, json) in pairs)
            writer.Message(number, (name, json, value), static (w, pair) =>
            {
                w.Text(1, pair.name);
                w.Message(2, pair.json, (inner, v) => pair.value(inner, v));
            });
    }
}
