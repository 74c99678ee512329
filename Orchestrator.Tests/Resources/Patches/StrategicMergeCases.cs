using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Tests.Resources.Patches;

/// <summary>
/// The values of upstream's own table (k8s.io/apimachinery/pkg/util/strategicpatch), one case per line: original, patch, and what comes out
/// (or a part of the error). <c>sorted</c> cases are indifferent to the order of merged lists, as upstream's test is.
/// </summary>
public sealed record StrategicMergeCase(JsonObject Original, JsonObject Patch, JsonObject? Expected, string? Error, bool Sorted)
{
    /// <summary>All cases, in file order.</summary>
    public static IReadOnlyList<StrategicMergeCase> All { get; } = Load();

    /// <summary>The type they are about: lists that merge and lists that do not, of objects and of numbers, nested in itself.</summary>
    public static SchemaType Item { get; } = MakeItem();

    private static List<StrategicMergeCase> Load()
    {
        using var reader = new StreamReader(typeof(StrategicMergeCase).Assembly.GetManifestResourceStream("strategic-merge-cases.jsonl")!);
        var cases = new List<StrategicMergeCase>();
        while (reader.ReadLine() is { } line)
        {
            var json = JsonNode.Parse(line)!.AsObject();
            cases.Add(new StrategicMergeCase(json["original"]!.AsObject(), json["patch"]!.AsObject(), json["expected"]?.AsObject(), (string?)json["error"], json["sorted"] is not null));
        }
        return cases;
    }

    private static SchemaType MakeItem()
    {
        SchemaType? item = null;
        var self = new FieldType(false, () => item!);
        SchemaField Field(string name, FieldType type, string strategies = "", string? key = null) => new()
        {
            Name = name,
            GoName = name,
            Type = type,
            PatchStrategies = strategies.Length == 0 ? [] : strategies.Split(','),
            PatchMergeKey = key,
            OmitEmpty = true,
        };
        var text = new FieldType(ValueKind.String);
        var items = new FieldType(ValueKind.List, element: self);
        var numbers = new FieldType(ValueKind.List, element: new FieldType(ValueKind.Int64));
        item = new SchemaType("test.v1.MergeItem",
        [
            Field("name", text), Field("value", text), Field("other", text), Field("foo", new FieldType(ValueKind.List, element: text)),
            Field("mergingList", items, "merge", "name"), Field("nonMergingList", items), Field("mergingIntList", numbers, "merge"), Field("nonMergingIntList", numbers),
            Field("mergeItemPtr", self, "merge", "name"), Field("simpleMap", new FieldType(ValueKind.Map, element: text)),
            Field("replacingItem", new FieldType(ValueKind.Raw), "replace"), Field("retainKeysMap", self, "retainKeys"), Field("retainKeysMergingList", items, "merge,retainKeys", "name"),
        ]);
        return item;
    }
}
