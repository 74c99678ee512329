using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Validation.Pods;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of Nodes.</summary>
internal static class NodeValidation
{
    /// <summary>v1 Node.</summary>
    public static void Node(Field node, FieldErrors errors)
    {
        Taints(node, errors);
        Status(node, errors);
        var ranges = node["spec"]["podCIDRs"];
        foreach (var range in ranges.Items)
            if (!AddressValidation.IsRange(range.Text)) errors.Invalid(range, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        if (ranges.Count > 2 || (ranges.Count == 2 && ranges.Items.Select(r => r.Text.Contains(':')).Distinct().Count() == 1))
            errors.Invalid(ranges, "may specify no more than one CIDR for each IP family");
    }

    /// <summary>What a node runs with is settled once known.</summary>
    public static void Change(Field now, Field before, FieldErrors errors)
    {
        var (spec, old) = (now["spec"], before["spec"]);
        if (old["podCIDRs"].Count > 0 && !FieldErrorsAtField.SameValue(spec["podCIDRs"].Node, old["podCIDRs"].Node))
            errors.Forbidden(spec["podCIDRs"], "node updates may not change podCIDR except from \"\" to valid");
        if (old["providerID"].Text.Length > 0 && spec["providerID"].Text != old["providerID"].Text)
            errors.Forbidden(spec["providerID"], "node updates may not change providerID except from \"\" to valid");
    }

    /// <summary>A node's status: amounts that make sense, addresses that stand once.</summary>
    public static void Status(Field node, FieldErrors errors)
    {
        foreach (var list in (ReadOnlySpan<string>)["capacity", "allocatable"])
            foreach (var (name, amount) in node["status"][list].Entries)
                if (Quantity.TryParse(amount.Text, out var quantity) && quantity.Sign < 0)
                    errors.Invalid(node["status"][list].Path.Child(name).ToString(), quantity.ToString(), "must be greater than or equal to 0");
        var seen = new HashSet<(string, string)>();
        foreach (var address in node["status"]["addresses"].Items)
            if (!seen.Add((address["type"].Text, address["address"].Text))) errors.Duplicate(address);
    }

    /// <summary>Upstream reports taints below metadata; clients that look at the path rely on it.</summary>
    private static void Taints(Field node, FieldErrors errors)
    {
        var seen = new HashSet<(string, string)>();
        var list = new Field(node["spec"]["taints"].Node, node["metadata"].Path.Child("taints"));
        foreach (var taint in list.Items)
        {
            errors.Invalid(taint["key"], NameFormats.QualifiedName(taint["key"].Text));
            if (NameFormats.LabelValue(taint["value"].Text) is { Count: > 0 } problems) errors.Invalid(taint["value"], string.Join(";", problems));
            SchedulingValidation.TaintEffect(taint["effect"], errors);
            if (!seen.Add((taint["key"].Text, taint["effect"].Text))) errors.Duplicate(taint);
        }
    }
}
