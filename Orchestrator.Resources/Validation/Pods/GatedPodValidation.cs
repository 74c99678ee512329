using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>
/// What may change of a pod that waits for its scheduling gates: its nodeSelector and required node affinity may get narrower, and preferences may change, so that
/// whoever holds the gate can say where the pod goes.
/// </summary>
internal static class GatedPodValidation
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string OnlyAdditions = "only additions are allowed (no mutations or deletions)";

    /// <summary>Checks a gated pod's change of nodeSelector and node affinity.</summary>
    public static void Narrowing(Field spec, Field old, FieldErrors errors)
    {
        var selector = spec["nodeSelector"];
        if (old["nodeSelector"].Entries.Any(e => selector[e.Key].Text != e.Value.Text)) errors.Invalid(selector, OnlyAdditions);

        var before = old["affinity"]["nodeAffinity"][Required]["nodeSelectorTerms"];
        var now = spec["affinity"]["nodeAffinity"][Required]["nodeSelectorTerms"];
        if (before.Count == 0) return;
        if (before.Count != now.Count)
        {
            errors.Invalid(now, "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
            return;
        }
        foreach (var (term, was) in now.Items.Zip(before.Items))
            if (!OnlyAdds(term, was)) errors.Invalid(term, OnlyAdditions);
    }

    /// <summary>A pod's affinity without what may change while it is gated.</summary>
    public static JsonNode? Fixed(JsonNode? affinity)
    {
        if (affinity?.DeepClone() is not JsonObject rest) return null;
        rest.Remove("nodeAffinity");
        return rest.Count == 0 ? null : rest;
    }

    /// <summary>A term without requirements matches nothing: to add one would widen it.</summary>
    private static bool OnlyAdds(Field term, Field was)
    {
        if (was["matchExpressions"].Count + was["matchFields"].Count == 0) return term["matchExpressions"].Count + term["matchFields"].Count == 0;
        return StartsWith(term["matchExpressions"], was["matchExpressions"]) && StartsWith(term["matchFields"], was["matchFields"]);
    }

    private static bool StartsWith(Field list, Field beginning) =>
        list.Count >= beginning.Count && list.Items.Zip(beginning.Items).All(p => JsonNode.DeepEquals(p.First.Node, p.Second.Node));
}
