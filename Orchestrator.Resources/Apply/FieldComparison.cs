using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Resources.Apply;

/// <summary>
/// What a change did to an object's fields (structured-merge-diff's Compare): <see cref="Changed"/> are the paths that are new or hold another value,
/// <see cref="Removed"/> those that are gone. A value that is new as a whole is in the set itself and with all its parts; null stands for no path.
/// </summary>
/// <remarks>
/// Built-in types are compared as Go holds them: what <c>omitempty</c> would leave out is absent, and what Go always writes is there even where the
/// JSON says nothing. So nobody comes to own <c>spec</c> itself, which every object has, but whoever fills an empty <c>labels</c> owns that too.
/// </remarks>
public sealed record FieldComparison(FieldSet? Changed, FieldSet? Removed)
{
    /// <summary>Whether nothing differs.</summary>
    public bool IsSame => Changed is null && Removed is null;

    /// <summary>
    /// Compares two objects of one type; a new object is compared with an empty one. The top-level field <paramref name="except"/> and the list of managers are left out.
    /// </summary>
    public static FieldComparison Of(JsonObject before, JsonObject after, SchemaType type, string? except = null)
    {
        var outcome = Parts(FieldShape.Of(type), before, after, except);
        return new FieldComparison(outcome.ChangedBelow, outcome.RemovedBelow);
    }

    private static readonly JsonObject Nothing = [];
    private static readonly Dictionary<string, JsonNode?> NoItems = [];

    /// <summary>A value on one side: whether it is there, and what it is (null also for Go's zero value that the JSON does not spell out).</summary>
    private readonly record struct Side(bool Present, JsonNode? Value);

    private readonly record struct Outcome(bool Changed, bool Removed, FieldSet? ChangedBelow = null, FieldSet? RemovedBelow = null);

    private static Outcome Compare(in FieldShape shape, Side before, Side after, FieldType? declared)
    {
        if (!before.Present && !after.Present) return default;
        var (was, now) = (shape.For(before.Value), shape.For(after.Value));
        if (before.Value is not null && after.Value is not null && was != now)
        {
            // A value of another sort: all that was is gone, all that is is new.
            var gone = Compare(shape, before, default, declared);
            var made = Compare(shape, default, after, declared);
            return new Outcome(true, false, made.ChangedBelow, gone.RemovedBelow);
        }
        var division = after.Value is null ? was : now;
        if (division == FieldShape.Division.Leaf || (IsHollow(before.Value) && IsHollow(after.Value) && !HasHiddenParts(shape, before, after)))
            return new Outcome(!before.Present || (after.Present && !SameValue(before.Value, after.Value, declared)), before.Present && !after.Present);
        var parts = division is FieldShape.Division.ItemKeys or FieldShape.Division.ItemValues
            ? Items(shape, before.Value as JsonArray, after.Value as JsonArray)
            : Parts(shape, ObjectOf(before), ObjectOf(after));
        return parts with { Changed = !before.Present, Removed = !after.Present };
    }

    /// <summary>Go structs without any JSON may still have parts, the ones that are always written; they matter where the struct is new or gone.</summary>
    private static bool HasHiddenParts(in FieldShape shape, Side before, Side after) =>
        shape is { Divided: FieldShape.Division.Fields, Custom: false } && before.Present != after.Present && shape.Type!.AlwaysWritten.Count > 0;

    private static JsonObject? ObjectOf(Side side) => side.Present ? side.Value as JsonObject ?? Nothing : null;

    /// <summary>The parts of two objects; null is an object that is not there at all.</summary>
    private static Outcome Parts(in FieldShape shape, JsonObject? before, JsonObject? after, string? except = null)
    {
        var changed = new FieldSetBuilder(after?.Count ?? 0);
        var removed = new FieldSetBuilder(0);
        if (after is not null)
            foreach (var (name, value) in after)
            {
                if (name == except) continue;
                var part = shape.Part(name, out var field);
                if (IsManagers(shape, name)) continue;
                Add(Compare(part, SideOf(before, name, field, shape.Custom), SideOf(value, field, shape.Custom), shape.Custom ? null : field?.Type), name, field, ref changed, ref removed);
            }
        if (before is { Count: > 0 })
            foreach (var (name, value) in before)
            {
                if (name == except || after?.ContainsKey(name) == true) continue;
                var part = shape.Part(name, out var field);
                if (IsManagers(shape, name)) continue;
                var gone = after is null ? default : SideOf(null, field, shape.Custom, spelledOut: false);
                Add(Compare(part, SideOf(value, field, shape.Custom), gone, shape.Custom ? null : field?.Type), name, field, ref changed, ref removed);
            }
        if (shape is { Divided: FieldShape.Division.Fields, Custom: false } && (before is null || after is null)) ZeroParts(shape.Type!, before, after, ref changed, ref removed);
        return new Outcome(false, false, changed.Build(), removed.Build());
    }

    private static void Add(in Outcome outcome, string name, SchemaField? field, ref FieldSetBuilder changed, ref FieldSetBuilder removed)
    {
        if (outcome == default) return;
        var element = field?.PathElement ?? PathElement.Field(name);
        changed.Add(element, outcome.Changed, outcome.ChangedBelow);
        removed.Add(element, outcome.Removed, outcome.RemovedBelow);
    }

    private static bool IsManagers(in FieldShape shape, string name) => name == "managedFields" && shape.Type is { ShortName: "ObjectMeta", IsCustom: false };

    /// <summary>A struct that is new or gone brings or takes also those fields that Go always writes.</summary>
    private static void ZeroParts(SchemaType type, JsonObject? before, JsonObject? after, ref FieldSetBuilder changed, ref FieldSetBuilder removed)
    {
        foreach (var field in type.AlwaysWritten)
        {
            if ((before ?? after)?.ContainsKey(field.Name) == true) continue;
            var zero = new Side(true, null);
            var outcome = Compare(FieldShape.Of(field, custom: false), after is null ? zero : default, before is null ? zero : default, field.Type);
            changed.Add(field.PathElement, outcome.Changed, outcome.ChangedBelow);
            removed.Add(field.PathElement, outcome.Removed, outcome.RemovedBelow);
        }
    }

    private static Outcome Items(in FieldShape shape, JsonArray? before, JsonArray? after)
    {
        var changed = new FieldSetBuilder(after?.Count ?? 0);
        var removed = new FieldSetBuilder(0);
        var item = shape.Item;
        var old = Index(shape, before);
        // One item cannot stand twice, and with nothing before there is nothing to compare it with.
        var seen = after is { Count: > 1 } || (after is not null && old is not null) ? new HashSet<string>(StringComparer.Ordinal) : null;
        for (var i = 0; i < (after?.Count ?? 0); i++)
        {
            var value = after![i];
            // An item without identity, or one that stands twice, belongs to nobody in particular.
            if (shape.ElementOf(value) is not { } element || seen?.Add(element) == false) continue;
            var was = old is not null && old.TryGetValue(element, out var found) ? new Side(true, found) : default;
            var outcome = Compare(item, was, new Side(true, value), null);
            changed.Add(element, outcome.Changed, outcome.ChangedBelow);
            removed.Add(element, outcome.Removed, outcome.RemovedBelow);
        }
        foreach (var (element, value) in old ?? NoItems)
        {
            if (seen?.Contains(element) == true) continue;
            var outcome = Compare(item, new Side(true, value), default, null);
            removed.Add(element, outcome.Removed, outcome.RemovedBelow);
        }
        return new Outcome(false, false, changed.Build(), removed.Build());
    }

    private static Dictionary<string, JsonNode?>? Index(in FieldShape shape, JsonArray? list)
    {
        if (list is null || list.Count == 0) return null;
        var index = new Dictionary<string, JsonNode?>(list.Count, StringComparer.Ordinal);
        foreach (var item in list)
            if (shape.ElementOf(item) is { } element) index.TryAdd(element, item);
        return index;
    }

    private static Side SideOf(JsonObject? of, string name, SchemaField? field, bool custom)
    {
        if (of is null) return default;
        var spelledOut = of.TryGetPropertyValue(name, out var value);
        return SideOf(value, field, custom, spelledOut);
    }

    private static Side SideOf(JsonNode? value, SchemaField? field, bool custom, bool spelledOut = true)
    {
        if (custom || field is null) return new Side(spelledOut, value);
        return new Side(!field.OmitEmpty || CanonicalJson.AlwaysWritten(field.Type) || (value is not null && !CanonicalJson.IsEmpty(value, field.Type)), value);
    }

    private static bool IsHollow(JsonNode? value) => value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };

    private static bool SameValue(JsonNode? before, JsonNode? after, FieldType? declared)
    {
        if (before is null || after is null) return (before is null && after is null) || IsZero((before ?? after)!, declared);
        if (before is JsonValue a && after is JsonValue b && a.GetValueKind() == JsonValueKind.String && b.GetValueKind() == JsonValueKind.String) return (string?)a == (string?)b;
        return JsonNode.DeepEquals(before, after);
    }

    /// <summary>Whether a value is what Go writes for a field that was never set.</summary>
    private static bool IsZero(JsonNode value, FieldType? declared) => declared is { Pointer: false } && declared.Kind switch
    {
        ValueKind.Quantity => (string?)value == "0",
        ValueKind.IntOrString => value.GetValueKind() == JsonValueKind.Number && (int)value == 0,
        ValueKind.Struct => value is JsonObject { Count: 0 },
        _ => CanonicalJson.IsEmpty(value, declared),
    };
}
