using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Apply;

/// <summary>The list in <c>metadata.managedFields</c>: reading, writing, and whose list counts when a client sends one.</summary>
public static class ManagedFields
{
    /// <summary>Most update managers kept apart; the oldest beyond are put together per version under <see cref="Ancient"/>.</summary>
    public const int MaxUpdateManagers = 10;

    /// <summary>Manager of updates so old that nobody tells them apart.</summary>
    public const string Ancient = "ancient-changes";

    private const string Field = "managedFields";

    /// <summary>The entries of an object. Throws <see cref="FormatException"/> where one is none.</summary>
    public static List<ManagedEntry> Read(JsonObject obj)
    {
        var entries = new List<ManagedEntry>();
        if ((obj["metadata"] as JsonObject)?[Field] is not JsonArray list) return entries;
        foreach (var item in list) entries.Add(ManagedEntry.Read(item as JsonObject ?? throw new FormatException("an entry is no object")));
        return entries;
    }

    /// <summary>Whether an entry of an object's list is about another version than this one.</summary>
    public static bool NameOthers(JsonObject obj, string apiVersion)
    {
        if ((obj["metadata"] as JsonObject)?[Field] is not JsonArray list) return false;
        foreach (var item in list)
            if (item is JsonObject entry && !(entry["apiVersion"] is JsonValue value && value.TryGetValue<string>(out var version) && version == apiVersion)) return true;
        return false;
    }

    /// <summary>
    /// Before an update: <paramref name="obj"/> keeps the list its client sent where that is one, is left without any where the client empties it (<c>[]</c>,
    /// <c>[{}]</c>), and gets the live object's otherwise. Through a subresource the list cannot be written.
    /// </summary>
    internal static void Choose(JsonObject obj, JsonObject live, string subresource)
    {
        var metadata = Writing.ObjectMeta.Of(obj);
        if (subresource.Length == 0 && metadata[Field] is JsonArray sent)
        {
            if (sent.Count == 0 || (sent.Count == 1 && sent[0] is JsonObject { Count: 0 }))
            {
                metadata.Remove(Field);
                return;
            }
            if (IsReadable(obj)) return;
        }
        Writing.ObjectMeta.Copy(live, obj, Field);
    }

    /// <summary>
    /// Puts entries into an object, in upstream's order: appliers first, then by time, manager, version and subresource. The list goes in encoded: what
    /// happens to the object after this is that it is written.
    /// </summary>
    internal static void Write(JsonObject obj, List<ManagedEntry> entries)
    {
        var metadata = Writing.ObjectMeta.Of(obj);
        entries.RemoveAll(e => e.Fields is null);
        if (entries.Count == 0)
        {
            metadata.Remove(Field);
            return;
        }
        metadata[Field] = new EncodedJson(Encode(entries)).ToNode();
    }

    /// <summary>The list as JSON, in upstream's order; entries without fields are left out.</summary>
    internal static byte[] Encode(List<ManagedEntry> entries)
    {
        entries.RemoveAll(e => e.Fields is null);
        if (entries.Count > 1) entries.Sort(Order);
        return EncodedJson.Encode(entries, static (writer, all) =>
        {
            writer.WriteStartArray();
            foreach (var entry in all) entry.Write(writer);
            writer.WriteEndArray();
        });
    }

    /// <summary>Merges the oldest update managers so that at most <see cref="MaxUpdateManagers"/> are left where their versions allow.</summary>
    internal static void Cap(List<ManagedEntry> entries)
    {
        var updaters = entries.Where(e => !e.Applied).OrderBy(e => e.Time ?? "", StringComparer.Ordinal).ThenBy(e => e.Manager, StringComparer.Ordinal).ToList();
        var firsts = new Dictionary<string, ManagedEntry>(StringComparer.Ordinal);
        var length = updaters.Count;
        foreach (var entry in updaters)
        {
            if (length <= MaxUpdateManagers) return;
            if (firsts.TryAdd(entry.ApiVersion, entry)) continue;
            var first = firsts[entry.ApiVersion];
            entries.Remove(first);
            entries.Remove(entry);
            var bucket = new ManagedEntry(Ancient, ManagedEntry.Update, entry.ApiVersion, "") { Time = entry.Time, Fields = FieldSet.Union(first.Fields, entry.Fields) };
            entries.Add(bucket);
            firsts[entry.ApiVersion] = bucket;
            length--;
        }
    }

    private static bool IsReadable(JsonObject obj)
    {
        try
        {
            return Read(obj).Count > 0;
        }
        catch (FormatException)
        {
            // Upstream, too, ignores a list it cannot read rather than refuse the write.
            return false;
        }
    }

    private static int Order(ManagedEntry a, ManagedEntry b)
    {
        var order = string.CompareOrdinal(a.Operation, b.Operation);
        if (order == 0) order = string.CompareOrdinal(a.Time ?? "", b.Time ?? "");
        if (order == 0) order = string.CompareOrdinal(a.Manager, b.Manager);
        if (order == 0) order = string.CompareOrdinal(a.ApiVersion, b.ApiVersion);
        return order != 0 ? order : string.CompareOrdinal(a.Subresource, b.Subresource);
    }
}
