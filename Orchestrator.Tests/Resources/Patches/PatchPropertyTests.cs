using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Resources.Patches;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Patches;

/// <summary>Random documents and patches against models that are written another way: by recomputing the result instead of changing the document.</summary>
public class PatchPropertyTests
{
    private static readonly Gen<string> Name = Gen.Elements("a", "b", "c", "d");

    /// <summary>Random JSON up to a depth; objects draw from few names, so that patches meet what is there.</summary>
    private static Gen<JsonNode?> Json(int depth) => depth == 0
        ? Gen.Elements<Func<JsonNode?>>(() => null, () => 1, () => "x", () => true).Select(make => make())
        : Gen.Frequency(
            (2, Json(0)),
            (3, Name.Zip(Json(depth - 1)).ListOf().Resize(4).Select(members => (JsonNode?)new JsonObject(members.DistinctBy(m => m.Item1).Select(m => KeyValuePair.Create(m.Item1, m.Item2?.DeepClone()))))),
            (1, Json(depth - 1).ListOf().Resize(3).Select(items => (JsonNode?)new JsonArray([.. items.Select(i => i?.DeepClone())]))));

    private static Gen<JsonObject> Objects => Json(3).Where(n => n is JsonObject).Select(n => (JsonObject)n!);

    [Fact]
    public void Merge_patch_agrees_with_its_model() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Objects), Arb.From(Objects), (document, patch) =>
        JsonNode.DeepEquals(MergePatch.Apply(document.DeepClone(), patch), MergeModel(document, patch))));

    [Fact]
    public void Strategic_merge_of_a_type_without_lists_is_a_merge_patch_of_the_non_null_members() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Maps), Arb.From(Maps), (document, patch) =>
    {
        var expected = MergePatch.Apply(document.DeepClone(), patch)!.AsObject();
        return JsonNode.DeepEquals(StrategicMergePatch.Apply(document.DeepClone().AsObject(), patch, StrategicMergeCase.Item), expected);
    }));

    [Fact]
    public void Strategic_merge_by_key_agrees_with_a_dictionary() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Keyed), Arb.From(Keyed), (server, patch) =>
    {
        var result = StrategicMergePatch.Apply(List(server), List(patch), StrategicMergeCase.Item)["mergingList"]!.AsArray();
        var model = server.ToDictionary(StringComparer.Ordinal);
        foreach (var (key, value) in patch) model[key] = value;
        var actual = result.ToDictionary(i => (string)i!["name"]!, i => (string)i!["value"]!, StringComparer.Ordinal);
        // Every key once, the patch's values win, and the patch's keys keep the patch's order.
        return result.Count == model.Count && actual.OrderBy(p => p.Key, StringComparer.Ordinal).SequenceEqual(model.OrderBy(p => p.Key, StringComparer.Ordinal))
            && result.Select(i => (string)i!["name"]!).Where(patch.ToDictionary(StringComparer.Ordinal).ContainsKey).SequenceEqual(patch.Select(p => p.Key), StringComparer.Ordinal);
    }));

    [Fact]
    public void Json_patch_of_added_and_removed_members_agrees_with_a_dictionary() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Edits), edits =>
    {
        var model = new Dictionary<string, int>(StringComparer.Ordinal);
        var operations = new JsonArray();
        foreach (var (name, value) in edits)
        {
            if (value >= 0)
            {
                model[name] = value;
                operations.Add(new JsonObject { ["op"] = "add", ["path"] = "/" + name, ["value"] = value });
            }
            else if (model.Remove(name)) operations.Add(new JsonObject { ["op"] = "remove", ["path"] = "/" + name });
        }
        var result = JsonPatch.Apply(new JsonObject(), Encoding.UTF8.GetBytes(operations.ToJsonString())).AsObject();
        return result.Count == model.Count && model.All(m => (int)result[m.Key]! == m.Value);
    }));

    [Fact]
    public void Applying_a_merge_patch_twice_changes_nothing_more() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Objects), Arb.From(Objects), (document, patch) =>
    {
        var once = MergePatch.Apply(document.DeepClone(), patch);
        return JsonNode.DeepEquals(MergePatch.Apply(once!.DeepClone(), patch), once);
    }));

    private static Gen<JsonObject> Maps => Name.Zip(Gen.Elements("x", "y", "")).ListOf().Resize(4).Select(members => new JsonObject
    {
        ["simpleMap"] = new JsonObject(members.DistinctBy(m => m.Item1).Select(m => KeyValuePair.Create(m.Item1, m.Item2.Length == 0 ? null : (JsonNode?)m.Item2))),
        ["name"] = members.Count > 0 ? members[0].Item1 : "n",
    });

    private static Gen<List<KeyValuePair<string, string>>> Keyed => Gen.Elements("a", "b", "c", "d", "e", "f").Zip(Gen.Elements("1", "2", "3")).NonEmptyListOf().Resize(6)
        .Select(items => items.DistinctBy(i => i.Item1).Select(i => KeyValuePair.Create(i.Item1, i.Item2)).ToList());

    private static Gen<List<(string Name, int Value)>> Edits => Name.Zip(Gen.Choose(-3, 5)).ListOf().Select(items => items.Select(i => (i.Item1, i.Item2)).ToList());

    private static JsonObject List(IEnumerable<KeyValuePair<string, string>> items) => new()
    {
        ["mergingList"] = new JsonArray([.. items.Select(i => (JsonNode)new JsonObject { ["name"] = i.Key, ["value"] = i.Value })]),
    };

    /// <summary>RFC 7386 by construction: the result's members are those of both sides that no null removes.</summary>
    private static JsonNode? MergeModel(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.DeepClone();
        var old = target as JsonObject ?? [];
        return new JsonObject(old.Select(p => p.Key).Union(changes.Select(p => p.Key), StringComparer.Ordinal)
            .Where(name => !(changes.ContainsKey(name) && changes[name] is null))
            .Select(name => KeyValuePair.Create(name, changes.ContainsKey(name) ? MergeModel(old[name], changes[name]) : old[name]?.DeepClone())));
    }
}
