using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Quantities;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of resource names and amounts (upstream: ValidateContainerResourceRequirements).</summary>
internal static class ResourceValidation
{
    private const string HugePages = "hugepages-";

    private static readonly HashSet<string> Standard = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
        "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
        "persistentvolumeclaims", "storage", "requests.storage", "services.nodeports", "services.loadbalancers",
    };

    /// <summary>A container's <c>resources</c>. <paramref name="podClaims"/> are the pod's resource claims.</summary>
    public static void Requirements(Field resources, Field podClaims, FieldErrors errors)
    {
        if (!resources.Exists) return;
        var limits = resources["limits"];
        var requests = resources["requests"];
        var (hugePages, computes) = (false, false);
        foreach (var (name, amount) in limits.Entries)
        {
            NameAndAmount(name, amount, errors);
            hugePages |= name.StartsWith(HugePages, StringComparison.Ordinal);
            computes |= name is "cpu" or "memory";
        }
        foreach (var (name, amount) in requests.Entries)
        {
            NameAndAmount(name, amount, errors);
            hugePages |= name.StartsWith(HugePages, StringComparison.Ordinal);
            computes |= name is "cpu" or "memory";
            AgainstLimit(name, amount, limits, requests, errors);
        }
        if (hugePages && !computes) errors.Forbidden(resources, "HugePages require cpu or memory");
        Claims(resources["claims"], podClaims, errors);
    }

    /// <summary>One entry of a map of amounts by resource, as containers may have it.</summary>
    public static void NameAndAmount(string name, Field amount, FieldErrors errors)
    {
        var path = amount.Path;
        foreach (var problem in ContainerResourceName(name)) errors.Invalid(path.ToString(), name, problem);
        if (!Quantity.TryParse(amount.IsText ? amount.Text : amount.Node?.ToJsonString(), out var quantity)) return;
        if (quantity.Sign < 0) errors.Invalid(path.ToString(), quantity.ToString(), "must be greater than or equal to 0");
        if (IsInteger(name) && quantity.MilliValue % 1000 != 0) errors.Invalid(path.ToString(), quantity.ToString(), "must be an integer");
    }

    /// <summary>A map of amounts outside containers (capacity, quotas): only the names' form and that amounts are not negative.</summary>
    public static void Amounts(Field amounts, FieldErrors errors)
    {
        foreach (var (name, amount) in amounts.Entries)
        {
            foreach (var problem in ResourceName(name)) errors.Invalid(amount.Path.ToString(), name, problem);
            if (Quantity.TryParse(amount.Text, out var quantity) && quantity.Sign < 0) errors.Invalid(amount, "must be greater than or equal to 0");
        }
    }

    /// <summary>Whether a resource may be promised more often than there is of it: the native ones but huge pages.</summary>
    public static bool AllowsOvercommit(string name) => IsNative(name) && !name.StartsWith(HugePages, StringComparison.Ordinal);

    private static void AgainstLimit(string name, Field amount, Field limits, Field requests, FieldErrors errors)
    {
        var limit = limits[name];
        if (!limit.Exists)
        {
            if (!AllowsOvercommit(name)) errors.Required(limits, "Limit must be set for non overcommitable resources");
            return;
        }
        if (!Quantity.TryParse(amount.Text, out var asked) || !Quantity.TryParse(limit.Text, out var most)) return;
        if (asked != most && !AllowsOvercommit(name)) errors.Invalid(requests.Path.ToString(), asked.ToString(), $"must be equal to {name} limit of {most}");
        else if (asked > most) errors.Invalid(requests.Path.ToString(), asked.ToString(), $"must be less than or equal to {name} limit of {most}");
    }

    private static void Claims(Field claims, Field podClaims, FieldErrors errors)
    {
        var seen = new HashSet<(string, string)>();
        foreach (var claim in claims.Items)
        {
            var name = claim["name"].Text;
            if (name.Length == 0) errors.Required(claim["name"]);
            else if (!seen.Add((name, claim["request"].Text))) errors.Duplicate(claim.Path.ToString(), name);
            else if (!podClaims.Items.Any(c => c["name"].Text == name)) errors.NotFound(claim);
        }
    }

    private static IReadOnlyList<string> ResourceName(string name)
    {
        var problems = NameFormats.QualifiedName(name);
        if (problems.Count > 0 || name.Contains('/')) return problems;
        return Standard.Contains(name) || name.StartsWith(HugePages, StringComparison.Ordinal) || name.StartsWith("requests." + HugePages, StringComparison.Ordinal)
            ? []
            : ["must be a standard resource type or fully qualified"];
    }

    private static IReadOnlyList<string> ContainerResourceName(string name)
    {
        if (name is "cpu" or "memory" or "ephemeral-storage") return [];
        var problems = ResourceName(name);
        if (!name.Contains('/'))
            return name.StartsWith(HugePages, StringComparison.Ordinal) ? problems : [.. problems, "must be a standard resource for containers"];
        if (!IsNative(name) && !IsExtended(name)) return [.. problems, "doesn't follow extended resource name standard"];
        return problems;
    }

    private static bool IsNative(string name) => !name.Contains('/') || name.Contains("kubernetes.io/", StringComparison.Ordinal);

    private static bool IsExtended(string name) =>
        !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal) && NameFormats.QualifiedName("requests." + name).Count == 0;

    /// <summary>Extended resources and counted objects come whole.</summary>
    private static bool IsInteger(string name) => IsExtended(name) || name is "pods" or "services" or "replicationcontrollers" or "resourcequotas" or "secrets" or "configmaps" or "persistentvolumeclaims";
}
