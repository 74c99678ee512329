using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Resources.Errors;
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
    public void Json_patch_of_any_operations_agrees_with_its_model() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000), Prop.ForAll(Arb.From(Objects), Arb.From(Operations), (document, operations) =>
    {
        var patch = new JsonArray([.. operations.Select(o => o.DeepClone())]);
        var expected = JsonPatchModel.Apply(document, patch);
        JsonNode? actual;
        try
        {
            actual = JsonPatch.Apply(document.DeepClone(), Encoding.UTF8.GetBytes(patch.ToJsonString()));
        }
        catch (StatusException refusal) when (refusal.Status.Code == 422)
        {
            actual = null;
        }
        return Agree(document, patch, expected, actual);
    }));

    [Fact]
    public void Strategic_merge_with_directives_agrees_with_its_model() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(2_000), Prop.ForAll(Arb.From(Item(2, directives: false)), Arb.From(Item(2, directives: true)), (server, patch) =>
        Agree(server, patch, Sorted(StrategicMergeModel.Merge(server, patch)), Sorted(StrategicMergePatch.Apply(server.DeepClone().AsObject(), patch, StrategicMergeCase.Item)))));

    [Fact]
    public void What_a_patch_copies_is_limited()
    {
        // Each copy doubles the document.
        var operations = Enumerable.Range(0, 60).Select(i => $$"""{"op":"copy","from":"/a","path":"/a/{{i}}"}""");
        var refusal = Should.Throw<StatusException>(() => JsonPatch.Apply(JsonNode.Parse("""{"a":{"x":"0123456789"}}""")!, Encoding.UTF8.GetBytes($"[{string.Join(',', operations)}]")));
        refusal.Status.Code.ShouldBe(422);
        refusal.Status.Message.ShouldContain("exceeding the limit 3145728");
    }

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

    /// <summary>Operations on paths of the few names, of indexes within and without, and of what stands for the end.</summary>
    private static Gen<List<JsonObject>> Operations
    {
        get
        {
            var pointer = Gen.Frequency((6, Name), (3, Gen.Elements("0", "1", "2", "-1", "-3", "-"))).NonEmptyListOf().Resize(4).Select(parts => "/" + string.Join('/', parts));
            return Gen.Elements("add", "add", "remove", "replace", "move", "copy", "test").Zip(pointer).Zip(pointer).Zip(Json(2)).Select(o => new JsonObject
            {
                ["op"] = o.Item1.Item1.Item1,
                ["path"] = o.Item1.Item1.Item2,
                ["from"] = o.Item1.Item2,
                ["value"] = o.Item2?.DeepClone(),
            }).NonEmptyListOf().Resize(4).Select(l => l.ToList());
        }
    }

    /// <summary>An object of the type that the cases of strategic merge are about; as a patch also with nulls and directives.</summary>
    private static Gen<JsonObject> Item(int depth, bool directives)
    {
        var fields = new List<Gen<KeyValuePair<string, JsonNode?>>>
        {
            Member("value", Gen.Elements("x", "y")), Member("other", Gen.Elements("x", "y")),
            Gen.Elements("p", "q").ListOf().Resize(3).Select(l => Pair("foo", new JsonArray([.. l.Select(i => (JsonNode)i)]))),
            Numbers("mergingIntList"), Numbers("nonMergingIntList"),
            Name.Zip(Gen.Elements("1", "2", directives ? null : "3")).ListOf().Resize(3).Select(l => Pair("simpleMap", new JsonObject(l.DistinctBy(e => e.Item1).Select(e => Pair(e.Item1, e.Item2))))),
        };
        if (depth > 0)
        {
            fields.AddRange(((string[])["mergingList", "retainKeysMergingList", "nonMergingList"]).Select(list => Named(depth - 1, directives && list != "nonMergingList").Select(l => Pair(list, l))));
            fields.AddRange(((string[])["mergeItemPtr", "retainKeysMap"]).Select(field => Item(depth - 1, directives).Select(o => Pair(field, o))));
        }
        if (directives)
        {
            fields.AddRange(((string[])["value", "other", "mergingIntList", "simpleMap", "mergingList", "mergeItemPtr"]).Select(gone => Gen.Constant(Pair(gone, null))));
            fields.Add(Numbers("$deleteFromPrimitiveList/mergingIntList"));
        }
        var made = Gen.OneOf(fields).ListOf().Resize(6).Select(members => new JsonObject(members.DistinctBy(m => m.Key).Select(m => Pair(m.Key, m.Value?.DeepClone()))));
        if (!directives) return made;
        return made.Zip(Gen.Elements("", "", "", "", "replace", "delete", "retain")).Select(p => Directed(p.Item1, depth == 2 ? "" : p.Item2));
    }

    private static JsonObject Directed(JsonObject patch, string directive)
    {
        // What is both added and deleted comes out as Go happens to walk its map: no client sends that.
        const string Deletion = "$deleteFromPrimitiveList/mergingIntList";
        if (patch[Deletion] is JsonArray deleted && patch["mergingIntList"] is JsonArray added)
            patch[Deletion] = new JsonArray([.. deleted.Where(d => !added.Any(a => JsonNode.DeepEquals(a, d))).Select(d => d!.DeepClone())]);
        if (directive is "replace" or "delete") patch["$patch"] = directive;
        // A patch may set nothing but what it keeps.
        if (directive == "retain") patch["$retainKeys"] = new JsonArray([.. patch.Select(p => p.Key).Where(k => k[0] != '$').Append("name").Distinct().Select(k => (JsonNode)k)]);
        return patch;
    }

    private static Gen<JsonArray> Named(int depth, bool directives)
    {
        var item = Name.Zip(Item(depth, directives: false)).Select(p =>
        {
            p.Item2["name"] = p.Item1;
            return p.Item2;
        });
        if (directives)
            item = item.Zip(Gen.Elements("", "", "", "delete", "replace")).Select(p => p.Item2.Length == 0 ? p.Item1 : p.Item2 == "replace" ? new JsonObject { ["$patch"] = "replace" } : new JsonObject { ["$patch"] = "delete", ["name"] = (string)p.Item1["name"]! });
        return item.ListOf().Resize(3).Select(items => new JsonArray([.. items.DistinctBy(i => (string?)i["name"]).Select(i => i.DeepClone())]));
    }

    private static Gen<KeyValuePair<string, JsonNode?>> Numbers(string name) => Gen.Choose(1, 4).ListOf().Resize(3).Select(l => Pair(name, new JsonArray([.. l.Distinct().Select(n => (JsonNode)(long)n)])));

    private static Gen<KeyValuePair<string, JsonNode?>> Member(string name, Gen<string> value) => value.Select(v => Pair(name, v));

    private static KeyValuePair<string, JsonNode?> Pair(string name, JsonNode? value) => KeyValuePair.Create(name, value);

    private static bool Agree(JsonNode document, JsonNode patch, JsonNode? expected, JsonNode? actual) => JsonNode.DeepEquals(expected, actual) ? true
        : throw new InvalidOperationException($"{document.ToJsonString()} and {patch.ToJsonString()} give {actual?.ToJsonString() ?? "a refusal"}, by the model {expected?.ToJsonString() ?? "a refusal"}");

    /// <summary>Lists by their elements' text: their order is another property's business.</summary>
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => Pair(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted).OrderBy(n => n?.ToJsonString(), StringComparer.Ordinal)]),
        _ => node?.DeepClone(),
    };

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
