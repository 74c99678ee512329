using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of security contexts, of the pod and of its containers.</summary>
internal static class SecurityValidation
{
    private const int MaxSysctlLength = 253;
    private const string SysctlSegment = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
    private const string SysctlPattern = "(" + SysctlSegment + "[\\./])*" + SysctlSegment;

    /// <summary>The pod's context, and the host namespaces that belong to it.</summary>
    public static void PodSecurityContext(Field spec, FieldErrors errors)
    {
        if (spec["hostNetwork"].Flag)
            foreach (var container in spec["containers"].Items)
                foreach (var port in container["ports"].Items)
                    if (port["hostPort"].Number != 0 && port["hostPort"].Number != port["containerPort"].Number)
                        errors.Invalid(port["hostPort"], "must match `containerPort` when `hostNetwork` is true");
        var context = spec["securityContext"];
        foreach (var id in (ReadOnlySpan<string>)["fsGroup", "runAsUser", "runAsGroup"]) Id(context[id], errors);
        foreach (var group in context["supplementalGroups"].Items) Id(group, errors);
        if (spec["shareProcessNamespace"].Flag && spec["hostPID"].Flag)
            errors.Invalid(context["shareProcessNamespace"].Path.ToString(), true, "ShareProcessNamespace and HostPID cannot both be enabled");
        Sysctls(context["sysctls"], errors);
        if (context["fsGroupChangePolicy"].Exists && context["fsGroupChangePolicy"].Text is not ("Always" or "OnRootMismatch"))
            errors.NotSupported(context["fsGroupChangePolicy"], ["Always", "OnRootMismatch"]);
        if (context["supplementalGroupsPolicy"].Exists && context["supplementalGroupsPolicy"].Text is not ("Merge" or "Strict"))
            errors.NotSupported(context["supplementalGroupsPolicy"], ["Merge", "Strict"]);
        Profile(context["seccompProfile"], "seccomp", errors);
        Profile(context["appArmorProfile"], "AppArmor", errors);
    }

    /// <summary>A container's context, or nothing.</summary>
    public static void ContainerSecurityContext(Field context, FieldErrors errors)
    {
        if (!context.Exists) return;
        Id(context["runAsUser"], errors);
        Id(context["runAsGroup"], errors);
        if (context["procMount"].Exists && context["procMount"].Text is not ("Default" or "Unmasked")) errors.NotSupported(context["procMount"], ["Default", "Unmasked"]);
        Profile(context["seccompProfile"], "seccomp", errors);
        Profile(context["appArmorProfile"], "AppArmor", errors);
        var escalation = context["allowPrivilegeEscalation"];
        if (!escalation.Exists || escalation.Flag) return;
        if (context["privileged"].Flag) errors.Invalid(context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        if (context["capabilities"]["add"].Items.Any(c => c.Text == "CAP_SYS_ADMIN"))
            errors.Invalid(context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
    }

    private static void Id(Field id, FieldErrors errors)
    {
        if (id.Exists) errors.Invalid(id, NameFormats.Range(id.Number, 0, int.MaxValue));
    }

    private static void Profile(Field profile, string what, FieldErrors errors)
    {
        if (!profile.Exists) return;
        var type = profile["type"];
        var local = profile["localhostProfile"];
        if (type.Text.Length == 0) errors.Required(type, $"type is required when {(what == "seccomp" ? "seccompProfile" : "appArmorProfile")} is set");
        else if (type.Text is not ("Localhost" or "RuntimeDefault" or "Unconfined")) errors.NotSupported(type, ["Localhost", "RuntimeDefault", "Unconfined"]);
        if (type.Text != "Localhost")
        {
            if (local.Exists) errors.Invalid(local.Path.ToString(), profile.Value, $"can only be set when {what} type is Localhost");
        }
        else if (!local.Exists)
        {
            errors.Required(local, $"must be set when {what} type is Localhost");
        }
        else
        {
            MountValidation.DescendingPath(local.Text, local.Path, errors);
        }
    }

    private static void Sysctls(Field sysctls, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var sysctl in sysctls.Items)
        {
            var name = sysctl["name"];
            if (name.Text.Length == 0) errors.Required(name);
            else if (!IsSysctl(name.Text)) errors.Invalid(name, $"must have at most {MaxSysctlLength} characters and match regex ^{SysctlPattern}$");
            else if (!seen.Add(name.Text.Replace('/', '.'))) errors.Duplicate(name);
        }
    }

    private static bool IsSysctl(string name) =>
        name.Length <= MaxSysctlLength && name.Split('.', '/').All(segment =>
            segment.Length > 0 && char.IsAsciiLetterOrDigit(segment[0]) && char.IsAsciiLetterOrDigit(segment[^1]) &&
            segment.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_'));
}
