using System.Text.Json;
using Orchestrator.Resources.Json;

namespace Orchestrator.Actors.Caching;

/// <summary>
/// The few fields of an object that selectors, indexes and control loops need without parsing the whole: read in one pass over the bytes.
/// Lists and maps are shared: empty ones, and those of objects that say the same (all pods of one set do).
/// </summary>
public sealed class ObjectHeader
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();
    private static readonly string[] Phases = ["Running", "Pending", "Succeeded", "Failed", "Unknown"];
    private static readonly SharedValues<IReadOnlyDictionary<string, string>> SharedLabels = new();
    private static readonly SharedValues<IReadOnlyList<OwnerReference>> SharedOwners = new();

    /// <summary><c>metadata.uid</c>.</summary>
    public string Uid { get; private set; } = "";

    /// <summary><c>metadata.labels</c>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; private set; } = NoLabels;

    /// <summary><c>metadata.ownerReferences</c>.</summary>
    public IReadOnlyList<OwnerReference> Owners { get; private set; } = [];

    /// <summary><c>metadata.finalizers</c>.</summary>
    public IReadOnlyList<string> Finalizers { get; private set; } = [];

    /// <summary>Whether <c>metadata.deletionTimestamp</c> is set.</summary>
    public bool Deleting { get; private set; }

    /// <summary><c>spec.nodeName</c>, empty where there is none.</summary>
    public string NodeName { get; private set; } = "";

    /// <summary><c>status.phase</c>, empty where there is none.</summary>
    public string Phase { get; private set; } = "";

    /// <summary>Whether a condition Ready in <c>status.conditions</c> is True.</summary>
    public bool Ready { get; private set; }

    /// <summary>That condition's <c>lastTransitionTime</c> where it is True and has one.</summary>
    public DateTimeOffset? ReadySince { get; private set; }

    /// <summary>The owner that controls the object, or null.</summary>
    public OwnerReference? ControllerOwner
    {
        get
        {
            foreach (var owner in Owners)
                if (owner.Controller) return owner;
            return null;
        }
    }

    /// <summary>Reads the header of a whole object. Throws <see cref="JsonException"/> for what is not JSON.</summary>
    public static ObjectHeader Read(ReadOnlySpan<byte> json)
    {
        var header = new ObjectHeader();
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8)) header.ReadMetadata(ref reader, json);
            else if (reader.ValueTextEquals("spec"u8)) header.NodeName = ReadStringField(ref reader, "nodeName"u8);
            else if (reader.ValueTextEquals("status"u8)) header.ReadStatus(ref reader);
            else Skip(ref reader);
        }
        return header;
    }

    private void ReadMetadata(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("uid"u8)) Uid = NextString(ref reader);
            else if (reader.ValueTextEquals("labels"u8)) Labels = ReadMap(ref reader, json);
            else if (reader.ValueTextEquals("deletionTimestamp"u8)) { reader.Read(); Deleting = reader.TokenType == JsonTokenType.String; }
            else if (reader.ValueTextEquals("finalizers"u8)) Finalizers = ReadStrings(ref reader);
            else if (reader.ValueTextEquals("ownerReferences"u8)) Owners = ReadOwners(ref reader, json);
            else Skip(ref reader);
        }
    }

    private void ReadStatus(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("phase"u8)) Phase = ReadPhase(ref reader);
            else if (reader.ValueTextEquals("conditions"u8)) ReadConditions(ref reader);
            else Skip(ref reader);
        }
    }

    /// <summary>A pod's phases are five strings for all pods; what a custom object calls its phase may be anything, and is not kept.</summary>
    private static string ReadPhase(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return "";
        }
        foreach (var phase in Phases)
            if (reader.ValueTextEquals(phase)) return phase;
        return reader.GetString()!;
    }

    private void ReadConditions(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            bool ready = false, holds = false;
            DateTimeOffset? since = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8)) ready = reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("Ready"u8);
                else if (reader.ValueTextEquals("status"u8)) holds = reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("True"u8);
                else if (reader.ValueTextEquals("lastTransitionTime"u8))
                {
                    if (reader.Read() && reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var at)) since = at;
                    else reader.Skip();
                }
                else Skip(ref reader);
            }
            if (ready && holds) (Ready, ReadySince) = (true, since);
        }
    }

    private static IReadOnlyDictionary<string, string> ReadMap(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return NoLabels;
        var copy = reader;
        copy.Skip();
        var source = json[(int)reader.TokenStartIndex..(int)copy.BytesConsumed];
        if (SharedLabels.Find(source) is { } shared)
        {
            reader = copy;
            return shared;
        }
        Dictionary<string, string>? map = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = SharedText.Read(ref reader)!;
            (map ??= new Dictionary<string, string>(StringComparer.Ordinal))[key] = NextString(ref reader);
        }
        return map is null ? NoLabels : SharedLabels.Add(source, map);
    }

    private static List<string> ReadStrings(ref Utf8JsonReader reader)
    {
        var list = new List<string>();
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray) return list;
        while (reader.Read() && reader.TokenType == JsonTokenType.String) list.Add(reader.GetString()!);
        return list;
    }

    private static IReadOnlyList<OwnerReference> ReadOwners(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var list = new List<OwnerReference>();
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray) return list;
        var copy = reader;
        copy.Skip();
        var source = json[(int)reader.TokenStartIndex..(int)copy.BytesConsumed];
        if (SharedOwners.Find(source) is { } shared)
        {
            reader = copy;
            return shared;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            string apiVersion = "", kind = "", name = "", uid = "";
            bool controller = false, block = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("apiVersion"u8)) apiVersion = NextString(ref reader);
                else if (reader.ValueTextEquals("kind"u8)) kind = NextString(ref reader);
                else if (reader.ValueTextEquals("name"u8)) name = NextString(ref reader);
                else if (reader.ValueTextEquals("uid"u8)) uid = NextString(ref reader);
                else if (reader.ValueTextEquals("controller"u8)) { reader.Read(); controller = reader.TokenType == JsonTokenType.True; }
                else if (reader.ValueTextEquals("blockOwnerDeletion"u8)) { reader.Read(); block = reader.TokenType == JsonTokenType.True; }
                else Skip(ref reader);
            }
            list.Add(new OwnerReference(apiVersion, kind, name, uid, controller, block));
        }
        return SharedOwners.Add(source, list);
    }

    /// <summary>The reader stands on the property whose value is an object; reads one string field of it and skips the rest.</summary>
    private static string ReadStringField(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        var found = "";
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return found;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(name)) found = NextString(ref reader);
            else Skip(ref reader);
        }
        return found;
    }

    private static string NextString(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) return SharedText.Read(ref reader)!;
        reader.Skip();
        return "";
    }

    private static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }
}
