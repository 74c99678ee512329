using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Resources.Apply;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Xunit;

namespace Orchestrator.Tests.Resources.Apply;

/// <summary>
/// Random applies and updates by a few managers against a model that knows nothing of paths and sets: a table of keys, each with its value and its owners. In a list
/// the item and the value in it have owners of their own, and an item that its last applier drops goes with everything in it.
/// </summary>
public class ApplyPropertyTests
{
    private static readonly ResourceKind Kind = KindCatalog.Default.Get("configmaps");
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    private sealed record Step(string Manager, bool Apply, bool Force, Dictionary<string, string> Wanted)
    {
        public override string ToString() => $"{Manager} {(Apply ? "applies" : "writes")}{(Force ? " by force" : "")} {string.Join(',', Wanted.Select(w => $"{w.Key}={w.Value}"))}";
    }

    private static Gen<Dictionary<string, string>> Entries =>
        Gen.Elements("a", "b", "c", "d").Zip(Gen.Elements("1", "2")).ListOf().Resize(4).Select(list => list.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2, StringComparer.Ordinal));

    private static Gen<List<Step>> Steps =>
        Gen.Elements("x", "y", "z").Zip(Gen.Elements(true, true, false)).Zip(Gen.Elements(true, false)).Zip(Entries)
            .Select(s => new Step(s.Item1.Item1.Item1, s.Item1.Item1.Item2, s.Item1.Item2, s.Item2)).ListOf().Resize(12).Select(l => l.ToList());

    [Fact]
    public void Map_entries_agree_with_the_model() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Steps), steps => Agrees(steps, new Entrywise())));

    [Fact]
    public void List_items_by_key_agree_with_the_model() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Steps), steps => Agrees(steps, new Itemwise())));

    [Fact]
    public void Fields_of_a_struct_agree_with_the_model() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Steps), steps => Agrees(steps, new Fieldwise())));

    [Fact]
    public void Members_of_a_set_agree_with_the_model() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Steps), steps =>
        Agrees([.. steps.Select(s => s with { Wanted = s.Wanted.ToDictionary(w => w.Key, _ => "is there", StringComparer.Ordinal) })], new Setwise())));

    [Fact]
    public void An_atomic_list_has_one_owner_or_several_that_agree() => Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(Steps), steps =>
        Agrees([.. steps.Select(s => s with { Wanted = s.Wanted.Count == 0 ? s.Wanted : new(StringComparer.Ordinal) { ["all"] = string.Concat(s.Wanted.Keys.Order(StringComparer.Ordinal)) } })], new Atomic())));

    private static bool Agrees(List<Step> steps, Form form)
    {
        var model = new Dictionary<string, Held>(StringComparer.Ordinal);
        JsonObject? live = null;
        foreach (var step in steps)
        {
            live = step.Apply ? Applied(form, step, live, model) : Updated(form, step, live, model);
            if (live is not null && !Same(form, live, model))
                throw new InvalidOperationException($"{string.Join("; ", steps)}: at \"{step}\" the model has {string.Join(',', model.Select(m => $"{m.Key}={m.Value.Value} of {string.Join('+', m.Value.Owners)}"))}, the object is {live.ToJsonString()}");
        }
        return true;
    }

    private static JsonObject? Applied(Form form, Step step, JsonObject? live, Dictionary<string, Held> model)
    {
        var me = $"{step.Manager}/Apply";
        var conflict = step.Wanted.Any(w => model.TryGetValue(w.Key, out var held) && held.Value != w.Value && held.Owners.Any(o => o != me));
        try
        {
            var result = CanonicalJson.Normalize(FieldManager.Apply(form.Kind, form.Type, live ?? [], form.Of(step.Wanted), step.Manager, "", step.Force, Now, new KindVersions(KindCatalog.Default)), form.Type);
            if (conflict && !step.Force) throw new InvalidOperationException("the conflict was not noticed");
            live = result;
        }
        catch (StatusException refusal) when (refusal.Status.Code == 409 && conflict && !step.Force)
        {
            return live;
        }
        foreach (var (key, value) in step.Wanted)
        {
            if (!model.TryGetValue(key, out var held)) model[key] = held = new Held();
            held.Items.Add(me);
            held.Set(value, me);
            held.Owners.Add(me);
        }
        foreach (var (key, held) in model.ToList())
        {
            if (step.Wanted.ContainsKey(key)) continue;
            var (item, value) = (held.Items.Remove(me), held.Owners.Remove(me));
            if (value && held.Owners.Count == 0) held.Value = null;
            if (form.HasItems ? item && held.Items.Count == 0 : held.Value is null) model.Remove(key);
        }
        return live;
    }

    private static JsonObject? Updated(Form form, Step step, JsonObject? live, Dictionary<string, Held> model)
    {
        var me = $"{step.Manager}/Update";
        var next = form.Of(step.Wanted);
        if (live?["metadata"]?["managedFields"] is { } managers) next["metadata"]!["managedFields"] = managers.DeepClone();
        else if (live is not null) return live; // an object whose managers were all forgotten is not tracked
        FieldManager.Track(form.Kind, form.Type, live, next, step.Manager, "", Now, new KindVersions(KindCatalog.Default));
        foreach (var (key, value) in step.Wanted)
        {
            if (!model.TryGetValue(key, out var held)) model[key] = held = new Held { Items = [me] };
            held.Set(value, me);
        }
        foreach (var key in model.Keys.Except(step.Wanted.Keys).ToList()) model.Remove(key);
        return CanonicalJson.Normalize(next, form.Type);
    }

    private static bool Same(Form form, JsonObject live, Dictionary<string, Held> model)
    {
        var values = form.Values(live);
        if (values.Count != model.Count || model.Any(m => !values.TryGetValue(m.Key, out var value) || value != m.Value.Value)) return false;
        foreach (var (key, held) in model)
        {
            if (held.Value is null) continue;
            var owners = ManagedFields.Read(live).Where(e => e.Fields is not null && e.Fields.Paths().Any(p => string.Join('/', p) == form.PathOf(key))).Select(e => $"{e.Manager}/{e.Operation}");
            if (!held.Owners.SetEquals(owners)) return false;
        }
        return true;
    }

    /// <summary>What the model knows of a key: the value and who set it, and who named the item it is in.</summary>
    private sealed class Held
    {
        public string? Value { get; set; }

        public HashSet<string> Owners { get; private set; } = [];

        public HashSet<string> Items { get; init; } = [];

        public void Set(string value, string by)
        {
            if (Value == value) return;
            Value = value;
            Owners = [by];
        }
    }

    private abstract class Form(ResourceKind kind)
    {
        public virtual bool HasItems => false;

        public ResourceKind Kind { get; } = kind;

        public SchemaType Type { get; } = SchemaCatalog.Default.Find(kind.SchemaName);

        public abstract JsonObject Of(Dictionary<string, string> entries);

        public abstract Dictionary<string, string?> Values(JsonObject obj);

        public abstract string PathOf(string key);
    }

    private sealed class Entrywise() : Form(ApplyPropertyTests.Kind)
    {
        public override JsonObject Of(Dictionary<string, string> entries)
        {
            var obj = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "c" } };
            if (entries.Count > 0) obj["data"] = new JsonObject(entries.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)e.Value)));
            return obj;
        }

        public override Dictionary<string, string?> Values(JsonObject obj) => (obj["data"] as JsonObject ?? []).ToDictionary(p => p.Key, p => (string?)p.Value, StringComparer.Ordinal);

        public override string PathOf(string key) => $"f:data/f:{key}";
    }

    /// <summary>
    /// Volumes: a list by name. An entry is the value within an item; the item itself may outlive it, empty, for a manager that still names it.
    /// </summary>
    private sealed class Itemwise() : Form(KindCatalog.Default.Get("podtemplates"))
    {
        public override JsonObject Of(Dictionary<string, string> entries)
        {
            var spec = new JsonObject();
            // An empty list would be owned as such.
            if (entries.Count > 0) spec["volumes"] = new JsonArray([.. entries.Select(e => (JsonNode)new JsonObject { ["name"] = e.Key, ["hostPath"] = new JsonObject { ["path"] = e.Value } })]);
            return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "PodTemplate", ["metadata"] = new JsonObject { ["name"] = "t" }, ["template"] = new JsonObject { ["spec"] = spec } };
        }

        public override bool HasItems => true;

        public override Dictionary<string, string?> Values(JsonObject obj) =>
            (obj["template"]?["spec"]?["volumes"] as JsonArray ?? []).ToDictionary(i => (string)i!["name"]!, i => (string?)i!["hostPath"]?["path"], StringComparer.Ordinal);

        public override string PathOf(string key) => $"f:template/f:spec/f:volumes/k:{{\"name\":\"{key}\"}}/f:hostPath/f:path";
    }

    /// <summary>A pod template with a spec of the given fields.</summary>
    private abstract class Templates() : Form(KindCatalog.Default.Get("podtemplates"))
    {
        public override JsonObject Of(Dictionary<string, string> entries)
        {
            var spec = new JsonObject();
            if (entries.Count > 0) Fill(spec, entries);
            return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "PodTemplate", ["metadata"] = new JsonObject { ["name"] = "t" }, ["template"] = new JsonObject { ["spec"] = spec } };
        }

        protected abstract void Fill(JsonObject spec, Dictionary<string, string> entries);

        protected static JsonObject Spec(JsonObject obj) => obj["template"]?["spec"] as JsonObject ?? [];
    }

    private sealed class Fieldwise : Templates
    {
        private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal) { ["a"] = "hostname", ["b"] = "subdomain", ["c"] = "nodeName", ["d"] = "priorityClassName" };

        protected override void Fill(JsonObject spec, Dictionary<string, string> entries)
        {
            foreach (var (key, value) in entries) spec[Names[key]] = value;
        }

        public override Dictionary<string, string?> Values(JsonObject obj) => Names.Where(n => Spec(obj)[n.Value] is not null).ToDictionary(n => n.Key, n => (string?)Spec(obj)[n.Value], StringComparer.Ordinal);

        public override string PathOf(string key) => $"f:template/f:spec/f:{Names[key]}";
    }

    private sealed class Atomic : Templates
    {
        protected override void Fill(JsonObject spec, Dictionary<string, string> entries) =>
            spec["tolerations"] = new JsonArray([.. entries["all"].Select(c => (JsonNode)new JsonObject { ["key"] = $"{c}", ["operator"] = "Exists" })]);

        public override Dictionary<string, string?> Values(JsonObject obj) => Spec(obj)["tolerations"] is JsonArray { Count: > 0 } all
            ? new(StringComparer.Ordinal) { ["all"] = string.Concat(all.Select(t => (string?)t!["key"])) } : [];

        public override string PathOf(string key) => "f:template/f:spec/f:tolerations";
    }

    private sealed class Setwise() : Form(ApplyPropertyTests.Kind)
    {
        public override JsonObject Of(Dictionary<string, string> entries)
        {
            var metadata = new JsonObject { ["name"] = "c" };
            if (entries.Count > 0) metadata["finalizers"] = new JsonArray([.. entries.Keys.Select(k => (JsonNode)$"x.example/{k}")]);
            return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata };
        }

        public override Dictionary<string, string?> Values(JsonObject obj) => (obj["metadata"]?["finalizers"] as JsonArray ?? []).ToDictionary(i => ((string)i!)[10..], _ => (string?)"is there", StringComparer.Ordinal);

        public override string PathOf(string key) => $"f:metadata/f:finalizers/v:\"x.example/{key}\"";
    }
}
