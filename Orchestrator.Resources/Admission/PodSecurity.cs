using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Admission;

/// <summary>
/// The Pod Security Standards that namespaces ask for by label (k8s.io/pod-security-admission): what of a pod breaks <c>baseline</c> or <c>restricted</c>, in upstream's words and order.
/// </summary>
public static class PodSecurity
{
    private const string Prefix = "pod-security.kubernetes.io/";
    private const string Baseline = "baseline";
    private const string Restricted = "restricted";

    private static readonly string[] Levels = ["privileged", Baseline, Restricted];

    private static readonly string[] Capabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    private static readonly string[] SafeSysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    ];

    private static readonly string[] SafeVolumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
    private static readonly string[] SafeTypes = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

    /// <summary>Why a pod may not be created in a namespace with these labels (403's message after the object), or null.</summary>
    public static string? Refusal(JsonObject? namespaceLabels, JsonObject podSpec) => Violation(namespaceLabels, "enforce", podSpec) is { } what ? $"violates PodSecurity {what}" : null;

    /// <summary>What its creator is to be warned about, or null.</summary>
    public static string? Warning(JsonObject? namespaceLabels, JsonObject podSpec) => Violation(namespaceLabels, "warn", podSpec) is { } what ? $"would violate PodSecurity {what}" : null;

    /// <summary>Labels of a namespace that mean nothing are refused.</summary>
    internal static void ValidateLabels(Field labels, FieldErrors errors)
    {
        foreach (var mode in (ReadOnlySpan<string>)["enforce", "audit", "warn"])
        {
            var level = labels[Prefix + mode];
            if (level.Exists && !Levels.Contains(level.Text)) errors.Invalid($"metadata.labels[{Prefix}{mode}]", level.Text, $"must be one of {string.Join(", ", Levels)}");
        }
    }

    private static string? Violation(JsonObject? labels, string mode, JsonObject podSpec)
    {
        var level = Field.AsText(labels?[Prefix + mode]) ?? "";
        if (labels is null || level is not (Baseline or Restricted)) return null;
        var version = Field.AsText(labels[$"{Prefix}{mode}-version"]) is { Length: > 0 } pinned ? pinned : "latest";
        var found = Check(Field.Of(podSpec), level == Restricted).Where(f => f.Detail.Length > 0).Select(f => $"{f.Reason} ({f.Detail})").ToList();
        return found.Count == 0 ? null : $"\"{level}:{version}\": {string.Join(", ", found)}";
    }

    private static IEnumerable<(string Reason, string Detail)> Check(Field spec, bool restricted)
    {
        List<Field> containers = [.. spec["initContainers"].Items, .. spec["containers"].Items, .. spec["ephemeralContainers"].Items];
        var isWindows = spec["os"]["name"].Text == "windows";
        string Bad(Func<Field, bool> isBad, string must) => containers.Where(isBad).ToList() is { Count: > 0 } bad ? $"{Named("container", bad)} {must}" : "";
        static Field Context(Field container) => container["securityContext"];

        if (restricted && !isWindows)
            yield return ("allowPrivilegeEscalation != false", Bad(c => !Context(c)["allowPrivilegeEscalation"].Exists || Context(c)["allowPrivilegeEscalation"].Flag, "must set securityContext.allowPrivilegeEscalation=false"));
        yield return ("forbidden AppArmor profile", Types(spec, containers, "appArmorProfile", "Unconfined"));
        yield return restricted && !isWindows ? ("unrestricted capabilities", Dropped(containers)) : ("non-default capabilities", Added(containers, Capabilities));
        yield return ("host namespaces", string.Join(", ", new[] { "hostNetwork", "hostPID", "hostIPC" }.Where(h => spec[h].Flag).Select(h => $"{h}=true")));
        if (spec["volumes"].Items.Where(v => v["hostPath"].Exists).ToList() is { Count: > 0 } paths) yield return ("hostPath volumes", Named("volume", paths));
        yield return ("hostPort", HostPorts(containers));
        yield return ("hostProcess", Bad(c => Context(c)["windowsOptions"]["hostProcess"].Flag, "must not set securityContext.windowsOptions.hostProcess=true"));
        yield return ("privileged", Bad(c => Context(c)["privileged"].Flag, "must not set securityContext.privileged=true"));
        yield return ("procMount", Bad(c => Context(c)["procMount"].Text is not ("" or "Default"), "must not set securityContext.procMount to \"Unmasked\""));
        if (restricted)
        {
            yield return ("restricted volume types", Volumes(spec));
            yield return ("runAsNonRoot != true", NonRoot(spec, containers));
            yield return ("runAsUser=0", Both(spec["securityContext"]["runAsUser"] is { Exists: true, Number: 0 }, containers.Where(c => Context(c)["runAsUser"] is { Exists: true, Number: 0 }), "must not set runAsUser=0"));
        }
        yield return ("seLinuxOptions", Labels(spec, containers));
        yield return ("seccompProfile", restricted && !isWindows ? Seccomp(spec, containers) : Types(spec, containers, "seccompProfile", "Unconfined"));
        yield return ("forbidden sysctls", string.Join(", ", spec["securityContext"]["sysctls"].Items.Select(s => s["name"].Text).Where(s => !SafeSysctls.Contains(s))));
    }

    private static string Added(IReadOnlyList<Field> containers, string[] allowed)
    {
        var bad = containers.Where(c => Extra(c, allowed).Any()).ToList();
        if (bad.Count == 0) return "";
        var names = bad.SelectMany(c => Extra(c, allowed)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return $"{Named("container", bad)} must not include {Quoted(names)} in securityContext.capabilities.add";
    }

    private static IEnumerable<string> Extra(Field container, string[] allowed) => container["securityContext"]["capabilities"]["add"].Items.Select(i => i.Text).Where(c => !allowed.Contains(c));

    private static string Dropped(IReadOnlyList<Field> containers)
    {
        var keeping = containers.Where(c => c["securityContext"]["capabilities"]["drop"].Items.All(d => d.Text != "ALL")).ToList();
        var parts = new List<string>();
        if (keeping.Count > 0) parts.Add($"{Named("container", keeping)} must set securityContext.capabilities.drop=[\"ALL\"]");
        if (Added(containers, ["NET_BIND_SERVICE"]) is { Length: > 0 } added) parts.Add(added);
        return string.Join("; ", parts);
    }

    private static string HostPorts(IReadOnlyList<Field> containers)
    {
        static IEnumerable<long> Ports(Field container) => container["ports"].Items.Select(p => p["hostPort"].Number).Where(p => p != 0);
        var bad = containers.Where(c => Ports(c).Any()).ToList();
        if (bad.Count == 0) return "";
        var ports = bad.SelectMany(Ports).Distinct().Order().ToList();
        return $"{Named("container", bad)} {(bad.Count == 1 ? "uses" : "use")} {(ports.Count == 1 ? "hostPort" : "hostPorts")} {string.Join(", ", ports)}";
    }

    private static string Volumes(Field spec)
    {
        static string Kind(Field volume) => volume.Entries.Select(e => e.Key).FirstOrDefault(k => k != "name") ?? "emptyDir";
        var bad = spec["volumes"].Items.Where(v => !SafeVolumes.Contains(Kind(v))).ToList();
        if (bad.Count == 0) return "";
        var kinds = bad.Select(Kind).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return $"{Named("volume", bad)} {(bad.Count == 1 ? "uses" : "use")} restricted volume type{(kinds.Count == 1 ? "" : "s")} {Quoted(kinds)}";
    }

    private static string NonRoot(Field spec, IReadOnlyList<Field> containers)
    {
        static bool? Says(Field context) => context["runAsNonRoot"].Exists ? context["runAsNonRoot"].Flag : null;
        var pod = Says(spec["securityContext"]);
        var (denying, silent) = (containers.Where(c => Says(c["securityContext"]) == false).ToList(), containers.Where(c => Says(c["securityContext"]) is null).ToList());
        if (denying.Count > 0 || (pod == false && silent.Count > 0)) return Both(pod == false, denying, "must not set securityContext.runAsNonRoot=false");
        return pod != true && silent.Count > 0 ? $"pod or {Named("container", silent)} must set securityContext.runAsNonRoot=true" : "";
    }

    private static string Seccomp(Field spec, IReadOnlyList<Field> containers)
    {
        if (Types(spec, containers, "seccompProfile", "Unconfined") is { Length: > 0 } wrong) return wrong;
        var silent = containers.Where(c => !c["securityContext"]["seccompProfile"].Exists).ToList();
        return !spec["securityContext"]["seccompProfile"].Exists && silent.Count > 0
            ? $"pod or {Named("container", silent)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""
            : "";
    }

    private static string Types(Field spec, IReadOnlyList<Field> containers, string profile, string forbidden) =>
        Both(spec["securityContext"][profile]["type"].Text == forbidden, containers.Where(c => c["securityContext"][profile]["type"].Text == forbidden),
            profile == "appArmorProfile" ? $"must not set AppArmor profile type to \"{forbidden}\"" : $"must not set securityContext.{profile}.type to \"{forbidden}\"");

    private static string Labels(Field spec, IReadOnlyList<Field> containers)
    {
        static bool Bad(Field options) => !SafeTypes.Contains(options["type"].Text) || options["user"].Text.Length > 0 || options["role"].Text.Length > 0;
        List<Field> all = [spec["securityContext"]["seLinuxOptions"], .. containers.Select(c => c["securityContext"]["seLinuxOptions"])];
        var bad = containers.Where(c => Bad(c["securityContext"]["seLinuxOptions"])).ToList();
        var what = new List<string>();
        if (all.Select(o => o["type"].Text).Where(t => !SafeTypes.Contains(t)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } types) what.Add($"type{(types.Count == 1 ? "" : "s")} {Quoted(types)}");
        if (all.Any(o => o["user"].Text.Length > 0)) what.Add("user may not be set");
        if (all.Any(o => o["role"].Text.Length > 0)) what.Add("role may not be set");
        return what.Count == 0 ? "" : Both(Bad(all[0]), bad, $"set forbidden securityContext.seLinuxOptions: {string.Join("; ", what)}");
    }

    private static string Both(bool pod, IEnumerable<Field> containers, string must)
    {
        var list = containers.ToList();
        return (pod, list.Count) switch
        {
            (false, 0) => "",
            (true, 0) => $"pod {must}",
            (false, _) => $"{Named("container", list)} {must}",
            _ => $"pod and {Named("container", list)} {must}",
        };
    }

    private static string Named(string what, IReadOnlyList<Field> parts) => $"{what}{(parts.Count == 1 ? "" : "s")} {Quoted(parts.Select(p => p["name"].Text))}";

    private static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(n => $"\"{n}\""));
}
