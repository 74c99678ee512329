using System.Runtime.CompilerServices;
using System.Text.Json;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Protobuf;

/// <summary>
/// A type as a protobuf message: its members by ascending number, which is the order they are written in. A struct that Go embeds is a message of
/// its own here, though JSON shows its fields as the outer object's. Fields without a number (kind, apiVersion) are not part of it.
/// </summary>
internal sealed class MessageLayout
{
    private static readonly ConditionalWeakTable<SchemaType, MessageLayout> Known = [];

    private readonly Dictionary<int, Member> _byNumber;

    private MessageLayout(SchemaType owner, IEnumerable<SchemaField> fields, int depth)
    {
        var members = new List<Member>();
        foreach (var group in fields.GroupBy(f => f.ProtobufPath.Count > depth ? f.ProtobufPath[depth] : 0))
        {
            if (group.Key > 0) members.Add(new Member(group.Key, null, new MessageLayout(owner, group, depth + 1), null));
            else members.AddRange(group.Select(f => new Member(f.ProtobufNumber, f, null, SchemaAlternative.Of(owner, f))));
        }
        Members = [.. members.OrderBy(m => m.Number)];
        _byNumber = Members.ToDictionary(m => m.Number);
    }

    /// <summary>The members, in ascending order of their numbers.</summary>
    internal IReadOnlyList<Member> Members { get; }

    /// <summary>The layout of a type, made once.</summary>
    internal static MessageLayout Of(SchemaType type) => Known.GetValue(type, static t => new MessageLayout(t, t.Fields.Where(f => f.ProtobufNumber > 0), 0));

    /// <summary>The member with a number, or null.</summary>
    internal Member? Find(int number) => _byNumber.GetValueOrDefault(number);

    /// <summary>A field, or an embedded struct: exactly one of the two is set. <paramref name="Alternative"/> is what the raw JSON of the field is in protobuf, if anything but bytes.</summary>
    internal sealed record Member(int Number, SchemaField? Field, MessageLayout? Embedded, SchemaAlternative? Alternative)
    {
        /// <summary>The field's JSON name in UTF-8; empty for an embedded struct.</summary>
        internal JsonEncodedText Name { get; } = Field is null ? default : Field.EncodedName;
    }
}
