using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of what steers a pod's placement: affinities, tolerations, topology spread.</summary>
internal static class SchedulingValidation
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    private const string NoOperator = "not a valid selector operator";

    /// <summary>A pod's <c>affinity</c>, or nothing.</summary>
    public static void Affinity(Field affinity, FieldErrors errors)
    {
        var node = affinity["nodeAffinity"];
        if (node[Required].Exists) NodeSelector(node[Required], errors);
        foreach (var term in node[Preferred].Items)
        {
            Weight(term["weight"], errors);
            NodeSelectorTerm(term["preference"], errors);
        }
        foreach (var kind in (ReadOnlySpan<string>)["podAffinity", "podAntiAffinity"])
        {
            foreach (var term in affinity[kind][Required].Items) PodTerm(term, errors);
            foreach (var weighted in affinity[kind][Preferred].Items)
            {
                Weight(weighted["weight"], errors);
                PodTerm(weighted["podAffinityTerm"], errors);
            }
        }
    }

    /// <summary>A node selector, as node affinity and volumes use it.</summary>
    public static void NodeSelector(Field selector, FieldErrors errors)
    {
        if (selector["nodeSelectorTerms"].Count == 0) errors.Required(selector["nodeSelectorTerms"], "must have at least one node selector term");
        foreach (var term in selector["nodeSelectorTerms"].Items) NodeSelectorTerm(term, errors);
    }

    /// <summary>A list of tolerations.</summary>
    public static void Tolerations(Field tolerations, FieldErrors errors)
    {
        foreach (var toleration in tolerations.Items)
        {
            var key = toleration["key"];
            var op = toleration["operator"];
            var effect = toleration["effect"];
            if (key.Text.Length > 0) errors.Invalid(key, NameFormats.QualifiedName(key.Text));
            else if (op.Text != "Exists") errors.Invalid(op, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            if (toleration["tolerationSeconds"].Exists && effect.Text != "NoExecute") errors.Invalid(effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
            switch (op.Text)
            {
                case "Equal" or "":
                    if (NameFormats.LabelValue(toleration["value"].Text) is { Count: > 0 } problems) errors.Invalid(op.Path.ToString(), toleration["value"].Text, string.Join(";", problems));
                    break;
                case "Exists":
                    if (toleration["value"].Text.Length > 0) errors.Invalid(op.Path.ToString(), toleration.Value, "value must be empty when `operator` is 'Exists'");
                    break;
                default:
                    errors.NotSupported(op, ["Equal", "Exists"]);
                    break;
            }
            if (effect.Text.Length > 0) TaintEffect(effect, errors);
        }
    }

    /// <summary>The effect of a taint or toleration.</summary>
    public static void TaintEffect(Field effect, FieldErrors errors) => errors.OneOf(effect, "NoSchedule", "PreferNoSchedule", "NoExecute");

    /// <summary>A pod's <c>topologySpreadConstraints</c>.</summary>
    public static void TopologySpread(Field constraints, FieldErrors errors)
    {
        var seen = new HashSet<(string, string)>();
        foreach (var constraint in constraints.Items)
        {
            var skew = constraint["maxSkew"];
            if (skew.Number <= 0) errors.Invalid(skew, "must be greater than zero");
            var key = constraint["topologyKey"];
            if (key.Text.Length == 0) errors.Required(key, "can not be empty");
            else errors.Invalid(key, NameFormats.QualifiedName(key.Text));
            var when = constraint["whenUnsatisfiable"];
            if (when.Text is not ("DoNotSchedule" or "ScheduleAnyway")) errors.NotSupported(when, ["DoNotSchedule", "ScheduleAnyway"]);
            if (!seen.Add((key.Text, when.Text)))
                errors.Duplicate(constraint.Path.Child("{topologyKey, whenUnsatisfiable}").ToString(), $"{{{key.Text}, {when.Text}}}");
            MinDomains(constraint["minDomains"], when.Text, errors);
            foreach (var policy in (ReadOnlySpan<string>)["nodeAffinityPolicy", "nodeTaintsPolicy"])
                if (constraint[policy].Exists && constraint[policy].Text is not ("Honor" or "Ignore")) errors.NotSupported(constraint[policy], ["Honor", "Ignore"]);
            SpreadLabelKeys(constraint["matchLabelKeys"], constraint["labelSelector"], errors);
            LabelSelectorValidation.Selector(constraint["labelSelector"], errors);
        }
    }

    private static void SpreadLabelKeys(Field keys, Field selector, FieldErrors errors)
    {
        if (keys.Count == 0) return;
        if (!selector.Exists) errors.Forbidden(keys, "must not be specified when labelSelector is not set");
        foreach (var key in keys.Items)
        {
            errors.Invalid(key, NameFormats.QualifiedName(key.Text));
            if (selector["matchLabels"][key.Text].Exists || selector["matchExpressions"].Items.Any(e => e["key"].Text == key.Text))
                errors.Invalid(key, "exists in both matchLabelKeys and labelSelector");
        }
    }

    /// <summary>Keys that are merged into the selector stand there once: a second time somebody wrote them.</summary>
    private static void AffinityLabelKeys(Field term, FieldErrors errors)
    {
        var (match, mismatch, selector) = (term["matchLabelKeys"], term["mismatchLabelKeys"], term["labelSelector"]);
        foreach (var keys in (ReadOnlySpan<Field>)[match, mismatch])
        {
            if (keys.Count == 0) continue;
            if (!selector.Exists)
            {
                errors.Forbidden(keys, "must not be specified when labelSelector is not set");
                continue;
            }
            foreach (var key in keys.Items)
            {
                errors.Invalid(key, NameFormats.QualifiedName(key.Text));
                if ((selector["matchLabels"][key.Text].Exists ? 1 : 0) + selector["matchExpressions"].Items.Count(e => e["key"].Text == key.Text) > 1)
                    errors.Invalid(key, "exists in both matchLabelKeys and labelSelector");
            }
        }
        foreach (var key in match.Items)
            if (mismatch.Items.Any(k => k.Text == key.Text)) errors.Invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys");
    }

    private static void MinDomains(Field domains, string when, FieldErrors errors)
    {
        if (!domains.Exists) return;
        if (domains.Number <= 0) errors.Invalid(domains, "must be greater than zero");
        if (when != "DoNotSchedule") errors.Invalid(domains, "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + when);
    }

    private static void Weight(Field weight, FieldErrors errors)
    {
        if (weight.Number is <= 0 or > 100) errors.Invalid(weight, "must be in the range 1-100");
    }

    private static void PodTerm(Field term, FieldErrors errors)
    {
        LabelSelectorValidation.Selector(term["labelSelector"], errors);
        LabelSelectorValidation.Selector(term["namespaceSelector"], errors);
        foreach (var ns in term["namespaces"].Items)
            foreach (var problem in NameFormats.Dns1123Label(ns.Text)) errors.Invalid(term["namespace"].Path.ToString(), ns.Text, problem);
        AffinityLabelKeys(term, errors);
        var key = term["topologyKey"];
        if (key.Text.Length == 0) errors.Required(key, "can not be empty");
        errors.Invalid(key, NameFormats.QualifiedName(key.Text));
    }

    private static void NodeSelectorTerm(Field term, FieldErrors errors)
    {
        foreach (var expression in term["matchExpressions"].Items) NodeExpression(expression, errors);
        foreach (var field in term["matchFields"].Items) NodeField(field, errors);
    }

    private static void NodeExpression(Field expression, FieldErrors errors)
    {
        var values = expression["values"];
        switch (expression["operator"].Text)
        {
            case "In" or "NotIn":
                if (values.Count == 0) errors.Required(values, "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist":
                if (values.Count > 0) errors.Forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "Gt" or "Lt":
                if (values.Count != 1) errors.Required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            default:
                errors.Invalid(expression["operator"], NoOperator);
                break;
        }
        errors.Invalid(expression["key"], NameFormats.QualifiedName(expression["key"].Text));
        foreach (var value in values.Items) errors.Invalid(value, NameFormats.LabelValue(value.Text));
    }

    private static void NodeField(Field field, FieldErrors errors)
    {
        if (field["operator"].Text is not ("In" or "NotIn")) errors.Invalid(field["operator"], NoOperator);
        else if (field["values"].Count != 1) errors.Required(field["values"], "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        if (field["key"].Text != "metadata.name")
        {
            errors.Invalid(field["key"], "not a valid field selector key");
            return;
        }
        foreach (var value in field["values"].Items) errors.Invalid(value, NameFormats.Dns1123Subdomain(value.Text));
    }
}
