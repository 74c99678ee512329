using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Extensions;

/// <summary>
/// Which names a definition may have (apiextensions-apiserver's naming controller): those no other kind of its group has. A definition whose names are
/// accepted is established at once.
/// </summary>
public static class DefinitionNaming
{
    /// <summary>The definition's status with <c>NamesAccepted</c> and <c>Established</c> as they should be; <paramref name="others"/> are the kinds of all other resources.</summary>
    public static JsonObject Status(JsonObject definition, IEnumerable<ResourceKind> others, string now)
    {
        var spec = definition["spec"]!.AsObject();
        var names = spec["names"]!.AsObject();
        var group = (string?)spec["group"] ?? "";
        var rivals = others.Where(k => k.Group == group && (!k.IsCustom || k.GroupResource != (string?)definition["metadata"]?["name"])).ToList();
        var resources = rivals.SelectMany(k => (IEnumerable<string>)[k.Plural, k.Singular, .. k.ShortNames]).ToHashSet(StringComparer.Ordinal);
        var kinds = rivals.SelectMany(k => (IEnumerable<string>)[k.Kind, k.ListKind]).ToHashSet(StringComparer.Ordinal);

        var status = definition["status"]?.DeepClone() as JsonObject ?? [];
        var accepted = status["acceptedNames"] as JsonObject ?? [];
        var (reason, message) = ("NoConflicts", "no conflicts found");
        void Take(string name, HashSet<string> taken, string conflict)
        {
            var wanted = (string?)names[name] ?? "";
            if (!taken.Contains(wanted) || wanted.Length == 0) accepted[name] = wanted;
            else (reason, message) = (conflict, $"\"{wanted}\" is already in use");
        }
        Take("plural", resources, "PluralConflict");
        Take("singular", resources, "SingularConflict");
        if ((names["shortNames"] as JsonArray ?? []).Select(s => (string?)s ?? "").Where(resources.Contains).ToList() is { Count: > 0 } clashes)
            (reason, message) = ("ShortNamesConflict", clashes.Count == 1 ? $"\"{clashes[0]}\" is already in use" : $"[{string.Join(", ", clashes.Select(c => $"\"{c}\" is already in use"))}]");
        else if (names["shortNames"] is JsonArray shortNames) accepted["shortNames"] = shortNames.DeepClone();
        else accepted.Remove("shortNames");
        Take("kind", kinds, "KindConflict");
        Take("listKind", kinds, "ListKindConflict");
        if (names["categories"] is JsonArray categories) accepted["categories"] = categories.DeepClone();
        else accepted.Remove("categories");
        if (accepted.Parent is null) status["acceptedNames"] = accepted;

        var fine = reason == "NoConflicts";
        Conditions.Set(status, "NamesAccepted", fine, reason, message, now);
        if (fine) Conditions.Set(status, "Established", true, "InitialNamesAccepted", "the initial names have been accepted", now);
        else if (!Conditions.Is(status, "Established")) Conditions.Set(status, "Established", false, "NotAccepted", "not all names are accepted", now);
        return status;
    }

    /// <summary>Whether the definition's objects are served.</summary>
    public static bool IsEstablished(JsonObject definition) => definition["status"] is JsonObject status && Conditions.Is(status, "Established");
}
