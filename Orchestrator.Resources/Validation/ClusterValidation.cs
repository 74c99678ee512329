using System.Text.Json.Nodes;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Validation.Pods;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of the remaining kinds: what their controllers rely on, and what upstream fixes once set.</summary>
internal static class ClusterValidation
{
    private const string RbacGroup = "rbac.authorization.k8s.io";

    /// <summary>v1 Namespace: finalizers of its own.</summary>
    public static void Namespace(Field obj, FieldErrors errors)
    {
        PodSecurity.ValidateLabels(obj["metadata"]["labels"], errors);
        var finalizers = obj["spec"]["finalizers"];
        foreach (var finalizer in finalizers.Items)
        {
            var path = finalizers.Path.ToString();
            var problems = NameFormats.QualifiedName(finalizer.Text);
            foreach (var problem in problems) errors.Invalid(path, finalizer.Text, problem);
            if (problems.Count == 0 && !finalizer.Text.Contains('/') && finalizer.Text is not ("kubernetes" or "orphan" or "foregroundDeletion"))
                errors.Invalid(path, finalizer.Text, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }

    /// <summary>A namespace's phase says whether it is being deleted.</summary>
    public static void NamespaceStatus(Field obj, FieldErrors errors)
    {
        var deleting = obj["metadata"]["deletionTimestamp"].Exists;
        var phase = obj["status"]["phase"].Text;
        var path = obj["status"].Path.Child("Phase").ToString();
        if (!deleting && phase != "Active") errors.Invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty");
        else if (deleting && phase != "Terminating") errors.Invalid(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
    }

    /// <summary>coordination.k8s.io/v1 Lease.</summary>
    public static void Lease(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        var duration = spec["leaseDurationSeconds"];
        if (duration.Exists && duration.Number <= 0) errors.Invalid(duration, "must be greater than 0");
        var transitions = spec["leaseTransitions"];
        if (transitions.Exists && transitions.Number < 0) errors.Invalid(transitions, "must be greater than or equal to 0");
    }

    /// <summary>v1 PersistentVolumeClaim.</summary>
    public static void Claim(Field obj, FieldErrors errors) => ClaimValidation.Spec(obj["spec"], errors);

    /// <summary>A claim may grow and be bound; the rest of its spec is fixed.</summary>
    public static void ClaimChange(Field now, Field before, FieldErrors errors)
    {
        var copy = now["spec"].Node?.DeepClone() as JsonObject;
        if (copy is null || before["spec"].Node is not JsonObject old) return;
        foreach (var mutable in (ReadOnlySpan<string>)["resources", "volumeAttributesClassName"]) Restore(copy, old, mutable);
        if (before["spec"]["volumeName"].Text.Length == 0) Restore(copy, old, "volumeName");
        if (!JsonNode.DeepEquals(copy, old)) errors.Forbidden(now["spec"], "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        var (size, had) = (now["spec"]["resources"]["requests"]["storage"], before["spec"]["resources"]["requests"]["storage"]);
        if (Quantity.TryParse(size.Text, out var wanted) && Quantity.TryParse(had.Text, out var was) && wanted < was)
            errors.Forbidden(now["spec"]["resources"]["requests"].Path.Child("storage").ToString(), "field can not be less than status.capacity");
    }

    /// <summary>v1 PersistentVolume.</summary>
    public static void Volume(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        if (spec["accessModes"].Count == 0) errors.Required(spec["accessModes"]);
        ClaimValidation.Modes(spec["accessModes"], errors);
        var storage = spec["capacity"]["storage"];
        if (spec["capacity"].Count == 0) errors.Required(spec["capacity"]);
        else if (!storage.Exists || spec["capacity"].Count > 1) errors.NotSupported(spec["capacity"].Path.ToString(), spec["capacity"].Value, ["storage"]);
        else if (Quantity.TryParse(storage.Text, out var size) && size.Sign <= 0) errors.Invalid(spec["capacity"].Path.Key("storage").ToString(), size.ToString(), "must be greater than zero");
        if (spec["persistentVolumeReclaimPolicy"].Exists) errors.OneOf(spec["persistentVolumeReclaimPolicy"], "Delete", "Recycle", "Retain");
        if (spec["nodeAffinity"]["required"].Exists) SchedulingValidation.NodeSelector(spec["nodeAffinity"]["required"], errors);
        else if (spec["local"].Exists) errors.Required(spec["nodeAffinity"], "Local volume requires node affinity");
    }

    /// <summary>storage.k8s.io/v1 StorageClass.</summary>
    public static void StorageClass(Field obj, FieldErrors errors)
    {
        if (obj["provisioner"].Text.Length == 0) errors.Required(obj["provisioner"]);
        else errors.Invalid(obj["provisioner"], NameFormats.QualifiedName(obj["provisioner"].Text.ToLowerInvariant()));
        if (obj["reclaimPolicy"].Exists) errors.OneOf(obj["reclaimPolicy"], "Delete", "Retain");
        errors.OneOf(obj["volumeBindingMode"], "Immediate", "WaitForFirstConsumer");
    }

    /// <summary>What a storage class makes is fixed.</summary>
    public static void StorageClassChange(Field now, Field before, FieldErrors errors)
    {
        if (!FieldErrorsAtField.SameValue(now["parameters"].Node, before["parameters"].Node)) errors.Forbidden(now["parameters"], "updates to parameters are forbidden.");
        if (now["provisioner"].Text != before["provisioner"].Text) errors.Forbidden(now["provisioner"], "updates to provisioner are forbidden.");
        if (now["reclaimPolicy"].Text != before["reclaimPolicy"].Text) errors.Forbidden(now["reclaimPolicy"], "updates to reclaimPolicy are forbidden.");
        errors.Immutable(now["volumeBindingMode"], before["volumeBindingMode"]);
    }

    /// <summary>Role and ClusterRole.</summary>
    public static void Role(Field obj, FieldErrors errors)
    {
        if (obj["aggregationRule"].Exists)
        {
            var selectors = obj["aggregationRule"]["clusterRoleSelectors"];
            if (selectors.Count == 0) errors.Required(selectors, "at least one clusterRoleSelector required if aggregationRule is non-nil");
            foreach (var selector in selectors.Items) LabelSelectorValidation.Selector(selector, errors);
        }
        foreach (var rule in obj["rules"].Items)
        {
            if (rule["verbs"].Count == 0) errors.Required(rule["verbs"], "verbs must contain at least one value");
            if (rule["nonResourceURLs"].Count > 0)
            {
                if (obj["kind"].Text == "Role") errors.Invalid(rule["nonResourceURLs"], "namespaced rules cannot apply to non-resource URLs");
                if (rule["apiGroups"].Count + rule["resources"].Count + rule["resourceNames"].Count > 0)
                    errors.Invalid(rule["nonResourceURLs"], "rules cannot apply to both regular resources and non-resource URLs");
                continue;
            }
            if (rule["apiGroups"].Count == 0) errors.Required(rule["apiGroups"], "resource rules must supply at least one api group");
            if (rule["resources"].Count == 0) errors.Required(rule["resources"], "resource rules must supply at least one resource");
        }
    }

    /// <summary>RoleBinding and ClusterRoleBinding.</summary>
    public static void RoleBinding(Field obj, FieldErrors errors)
    {
        var role = obj["roleRef"];
        if (role["apiGroup"].Text != RbacGroup) errors.NotSupported(role["apiGroup"], [RbacGroup]);
        string[] kinds = obj["kind"].Text == "ClusterRoleBinding" ? ["ClusterRole"] : ["ClusterRole", "Role"];
        if (!kinds.Contains(role["kind"].Text)) errors.NotSupported(role["kind"], kinds);
        if (role["name"].Text.Length == 0) errors.Required(role["name"]);
        else errors.Invalid(role["name"], NameFormats.PathSegment(role["name"].Text, isPrefix: false));
        foreach (var subject in obj["subjects"].Items)
        {
            if (subject["name"].Text.Length == 0) errors.Required(subject["name"]);
            switch (subject["kind"].Text)
            {
                case "ServiceAccount":
                    if (subject["apiGroup"].Text.Length > 0) errors.NotSupported(subject["apiGroup"], [""]);
                    if (subject["namespace"].Text.Length == 0) errors.Required(subject["namespace"]);
                    break;
                case "User" or "Group":
                    if (subject["apiGroup"].Text != RbacGroup) errors.NotSupported(subject["apiGroup"], [RbacGroup]);
                    break;
                default:
                    errors.NotSupported(subject["kind"], ["Group", "ServiceAccount", "User"]);
                    break;
            }
        }
    }

    /// <summary>A binding keeps the role it grants.</summary>
    public static void RoleBindingChange(Field now, Field before, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(now["roleRef"].Node, before["roleRef"].Node)) errors.Invalid(now["roleRef"], "cannot change roleRef");
    }

    /// <summary>policy/v1 PodDisruptionBudget.</summary>
    public static void DisruptionBudget(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        var (least, most) = (spec["minAvailable"], spec["maxUnavailable"]);
        if (least.Exists && most.Exists) errors.Invalid(spec, "minAvailable and maxUnavailable cannot be both set");
        foreach (var bound in (ReadOnlySpan<Field>)[least, most])
        {
            if (!bound.Exists) continue;
            if (!bound.IsText) errors.NonNegative(bound);
            else if (NameFormats.Percent(bound.Text) is { Count: > 0 } problems) errors.Invalid(bound, problems);
            else if (int.TryParse(bound.Text.TrimEnd('%'), out var percent) && percent > 100) errors.Invalid(bound, "must not be greater than 100%");
        }
        LabelSelectorValidation.Selector(spec["selector"], errors);
        var policy = spec["unhealthyPodEvictionPolicy"];
        if (policy.Exists && policy.Text is not ("AlwaysAllow" or "IfHealthyBudget")) errors.NotSupported(policy, ["AlwaysAllow", "IfHealthyBudget"]);
    }

    /// <summary>scheduling.k8s.io/v1 PriorityClass; the highest values are the system's own.</summary>
    public static void PriorityClass(Field obj, FieldErrors errors)
    {
        const long highestUser = 1_000_000_000;
        if (obj["value"].Number > highestUser && !obj["metadata"]["name"].Text.StartsWith("system-", StringComparison.Ordinal))
            errors.Forbidden(obj["value"], $"maximum allowed value of a user defined priority is {highestUser}");
        if (obj["preemptionPolicy"].Exists) errors.OneOf(obj["preemptionPolicy"], "Never", "PreemptLowerPriority");
    }

    /// <summary>A priority class keeps its value: pods carry a copy.</summary>
    public static void PriorityClassChange(Field now, Field before, FieldErrors errors)
    {
        if (now["value"].Number != before["value"].Number) errors.Forbidden(now["value"], "may not be changed in an update.");
        errors.Immutable(now["preemptionPolicy"], before["preemptionPolicy"]);
    }

    /// <summary>node.k8s.io/v1 RuntimeClass.</summary>
    public static void RuntimeClass(Field obj, FieldErrors errors) => errors.Invalid(obj["handler"], NameFormats.Dns1123Label(obj["handler"].Text));

    /// <summary>A runtime class keeps its handler.</summary>
    public static void RuntimeClassChange(Field now, Field before, FieldErrors errors) => errors.Immutable(now["handler"], before["handler"]);

    /// <summary>v1 ResourceQuota.</summary>
    public static void ResourceQuota(Field obj, FieldErrors errors)
    {
        foreach (var (_, amount) in obj["spec"]["hard"].Entries)
            if (Quantity.TryParse(amount.Text, out var quantity) && quantity.Sign < 0) errors.Invalid(amount, "must be greater than or equal to 0");
    }

    /// <summary>v1 LimitRange: minimum ≤ default request ≤ default ≤ maximum.</summary>
    public static void LimitRange(Field obj, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in obj["spec"]["limits"].Items)
        {
            if (item["type"].Text.Length == 0) errors.Required(item["type"]);
            else if (!seen.Add(item["type"].Text)) errors.Duplicate(item["type"]);
            foreach (var (name, least) in item["min"].Entries) Ordered(least, item["max"][name], "min", "max", errors);
            foreach (var (name, request) in item["defaultRequest"].Entries) Ordered(request, item["default"][name], "default request", "default limit", errors);
            foreach (var (name, limit) in item["default"].Entries) Ordered(limit, item["max"][name], "default", "max", errors);
        }
    }

    /// <summary>A controller revision's data is what a rollback returns to: it never changes.</summary>
    public static void RevisionChange(Field now, Field before, FieldErrors errors) => errors.Immutable(now["data"], before["data"]);

    private static void Ordered(Field lower, Field upper, string lowerName, string upperName, FieldErrors errors)
    {
        if (!Quantity.TryParse(lower.Text, out var low) || !Quantity.TryParse(upper.Text, out var high) || low <= high) return;
        errors.Invalid(lower, $"{lowerName} value {low} is greater than {upperName} value {high}");
    }

    private static void Restore(JsonObject copy, JsonObject from, string field)
    {
        copy.Remove(field);
        if (from[field] is { } value) copy[field] = value.DeepClone();
    }
}
