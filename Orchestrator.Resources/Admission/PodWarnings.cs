using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Resources.Admission;

/// <summary>What is allowed in a pod or a pod template and yet hardly meant, or deprecated: told to who writes it as <c>Warning</c> headers, in kube-apiserver's words (its pkg/api/pod/warnings.go, 1.32).</summary>
public static class PodWarnings
{
    private const string SeccompPod = "seccomp.security.alpha.kubernetes.io/pod";
    private const string SeccompContainer = "container.seccomp.security.alpha.kubernetes.io/";
    private const string AppArmor = "container.apparmor.security.beta.kubernetes.io/";
    private const string Bundle = "ClusterTrustBundle";
    private const string NullSelector = "a null labelSelector results in matching no pod";

    private static readonly Dictionary<string, string> NodeLabels = new(StringComparer.Ordinal)
    {
        ["beta.kubernetes.io/arch"] = """deprecated since v1.14; use "kubernetes.io/arch" instead""",
        ["beta.kubernetes.io/os"] = """deprecated since v1.14; use "kubernetes.io/os" instead""",
        ["beta.kubernetes.io/instance-type"] = """deprecated since v1.17; use "node.kubernetes.io/instance-type" instead""",
        ["failure-domain.beta.kubernetes.io/region"] = """deprecated since v1.17; use "topology.kubernetes.io/region" instead""",
        ["failure-domain.beta.kubernetes.io/zone"] = """deprecated since v1.17; use "topology.kubernetes.io/zone" instead""",
    };

    private static readonly string[] ByteResources = ["memory", "ephemeral-storage"];

    private static readonly (string Key, string Message)[] Annotations =
    [
        ("scheduler.alpha.kubernetes.io/critical-pod", """non-functional in v1.16+; use the "priorityClassName" field instead"""),
        ("security.alpha.kubernetes.io/sysctls", """non-functional in v1.11+; use the "sysctls" field instead"""),
        ("security.alpha.kubernetes.io/unsafe-sysctls", """non-functional in v1.11+; use the "sysctls" field instead"""),
    ];

    private static readonly (string Field, string Message, Func<Volume, object?> Source)[] Volumes =
    [
        ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+", v => v.PhotonPersistentDisk),
        ("gitRepo", "deprecated in v1.11", v => v.GitRepo),
        ("scaleIO", "deprecated in v1.16, non-functional in v1.22+", v => v.ScaleIO),
        ("flocker", "deprecated in v1.22, non-functional in v1.25+", v => v.Flocker),
        ("storageOS", "deprecated in v1.22, non-functional in v1.25+", v => v.StorageOS),
        ("quobyte", "deprecated in v1.22, non-functional in v1.25+", v => v.Quobyte),
        ("glusterfs", "deprecated in v1.25, non-functional in v1.26+", v => v.Glusterfs),
        ("cephfs", "deprecated in v1.28, non-functional in v1.31+", v => v.CephFS),
        ("rbd", "deprecated in v1.28, non-functional in v1.31+", v => v.RBD),
    ];

    /// <summary>The warnings about an object; none for a kind that makes no pods, and none for what cannot be read, which validation refuses.</summary>
    public static IReadOnlyList<string> Of(ResourceKind kind, JsonObject obj)
    {
        if (PodTemplates.Of(kind, obj) is not { } found) return [];
        try
        {
            var template = TypedJson.Read<PodTemplateSpec>(found.Template);
            return template.Spec is null ? [] : [.. Of(template, found.Path)];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static IEnumerable<string> Of(PodTemplateSpec template, string path)
    {
        var (pod, spec) = (template.Spec, $"{path}spec");
        var annotations = template.Metadata?.Annotations ?? [];
        var metadata = $"{path}metadata.annotations";
        return [
            .. OfPlacement(pod, spec),
            .. Annotations.Where(a => annotations.ContainsKey(a.Key)).Select(a => $"{metadata}[{a.Key}]: {a.Message}"),
            .. OfVolumes(pod, $"{spec}.volumes"),
            .. Repeated(pod.HostAliases ?? [], a => a.IP, (i, ip) => $"{spec}.hostAliases[{i}].ip: duplicate ip \"{ip}\""),
            .. Repeated(pod.ImagePullSecrets ?? [], s => s.Name, (i, name) => $"{spec}.imagePullSecrets[{i}].name: duplicate name \"{name}\""),
            .. (pod.ImagePullSecrets ?? []).Index().Where(s => s.Item.Name.Length == 0).Select(s => $"{spec}.imagePullSecrets[{s.Index}].name: invalid empty name \"\""),
            .. Fractions(pod.Overhead, $"{spec}.overhead"),
            .. annotations.ContainsKey(SeccompPod) && pod.SecurityContext?.SeccompProfile is null ? (IEnumerable<string>)[Seccomp($"{metadata}[{SeccompPod}]")] : [],
            .. Containers(pod, spec).SelectMany(c => OfContainer(c.Container, c.Path, annotations, metadata, path.Length > 0 && pod.SecurityContext?.AppArmorProfile is null)),
            .. OfPorts(Containers(pod, spec)),
            .. pod.TerminationGracePeriodSeconds < 0 ? (IEnumerable<string>)[$"{spec}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"] : [],
            .. OfPodAffinity(pod.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, pod.Affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, $"{spec}.affinity.podAffinity"),
            .. OfPodAffinity(pod.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, pod.Affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, $"{spec}.affinity.podAntiAffinity"),
        ];
    }

    private static IEnumerable<string> OfPlacement(PodSpec pod, string spec)
    {
        foreach (var key in (pod.NodeSelector ?? []).Keys)
            if (NodeLabels.TryGetValue(key, out var message)) yield return $"{spec}.nodeSelector[{key}]: {message}";
        var affinity = pod.Affinity?.NodeAffinity;
        foreach (var (i, term) in (affinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? []).Index())
            foreach (var warning in OfTerm(term, $"{spec}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{i}]")) yield return warning;
        foreach (var (i, term) in (affinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Index())
            foreach (var warning in OfTerm(term.Preference, $"{spec}.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[{i}].preference")) yield return warning;
        foreach (var (i, constraint) in (pod.TopologySpreadConstraints ?? []).Index())
        {
            var at = $"{spec}.topologySpreadConstraints[{i}]";
            if (NodeLabels.TryGetValue(constraint.TopologyKey, out var message)) yield return $"{at}.topologyKey: {constraint.TopologyKey} is {message}";
            if (constraint.LabelSelector is null) yield return $"{at}.labelSelector: {NullSelector}";
        }
    }

    private static IEnumerable<string> OfTerm(NodeSelectorTerm? term, string path) => (term?.MatchExpressions ?? []).Index()
        .Where(e => NodeLabels.ContainsKey(e.Item.Key)).Select(e => $"{path}.matchExpressions[{e.Index}].key: {e.Item.Key} is {NodeLabels[e.Item.Key]}");

    private static IEnumerable<string> OfPodAffinity(List<PodAffinityTerm>? required, List<WeightedPodAffinityTerm>? preferred, string path) =>
    [
        .. (required ?? []).Index().Where(t => t.Item.LabelSelector is null).Select(t => $"{path}.requiredDuringSchedulingIgnoredDuringExecution[{t.Index}].labelSelector: {NullSelector}"),
        .. (preferred ?? []).Index().Where(t => t.Item.PodAffinityTerm?.LabelSelector is null).Select(t => $"{path}.preferredDuringSchedulingIgnoredDuringExecution[{t.Index}].podAffinityTerm.labelSelector: {NullSelector}"),
    ];

    private static IEnumerable<string> OfVolumes(PodSpec pod, string path)
    {
        foreach (var (i, volume) in (pod.Volumes ?? []).Index())
            foreach (var (field, message, source) in Volumes)
                if (source(volume) is not null) yield return $"{path}[{i}].{field}: {message}";
        var tokens = (pod.Volumes ?? []).SelectMany(v => v.Projected?.Sources ?? []).Select(s => s.ServiceAccountToken?.Path).OfType<string>().ToHashSet(StringComparer.Ordinal);
        if (tokens.Count == 0) yield break;
        foreach (var (i, volume) in (pod.Volumes ?? []).Index())
            foreach (var source in volume.Projected?.Sources ?? [])
                foreach (var (name, paths) in ProjectedPaths(source))
                    foreach (var (j, item) in paths.Index())
                        if (tokens.Contains(item)) yield return $"{path}[{i}].projected.sources.{name}{(name == Bundle ? "" : $"[{j}]")}: has duplicated path with ServiceAccountToken \"{item}\"";
    }

    /// <summary>Where a source puts files, under the names that upstream's warnings have.</summary>
    private static IEnumerable<(string Name, IEnumerable<string> Paths)> ProjectedPaths(VolumeProjection source)
    {
        if (source.ConfigMap?.Items is { } maps) yield return ("configMap", maps.Select(k => k.Path));
        if (source.Secret?.Items is { } secrets) yield return ("secrets", secrets.Select(k => k.Path));
        if (source.DownwardAPI?.Items is { } fields) yield return ("downwardAPI", fields.Select(f => f.Path));
        if (source.ClusterTrustBundle is { } bundle) yield return (Bundle, [bundle.Path]);
    }

    private static IEnumerable<string> OfContainer(Container container, string path, Dictionary<string, string> annotations, string metadata, bool needsAppArmor)
    {
        if (annotations.ContainsKey(SeccompContainer + container.Name) && container.SecurityContext?.SeccompProfile is null) yield return Seccomp($"{metadata}[{SeccompContainer}{container.Name}]");
        if (needsAppArmor && annotations.ContainsKey(AppArmor + container.Name) && container.SecurityContext?.AppArmorProfile is null)
            yield return $"{metadata}[{AppArmor}{container.Name}]: deprecated since v1.30; use the \"appArmorProfile\" field instead";
        foreach (var warning in Fractions(container.Resources?.Limits, $"{path}.resources.limits").Concat(Fractions(container.Resources?.Requests, $"{path}.resources.requests"))) yield return warning;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, variable) in (container.Env ?? []).Index())
        {
            if (names.Add(variable.Name)) continue;
            // One that builds on the former is meant.
            var former = $"$({variable.Name})";
            if (variable.ValueFrom is not null || variable.Value == former || !variable.Value.Contains(former, StringComparison.Ordinal))
                yield return $"{path}.env[{i}]: hides previous definition of \"{variable.Name}\", which may be dropped when using apply";
        }
    }

    private static IEnumerable<string> OfPorts(IEnumerable<(Container Container, string Path)> containers)
    {
        var known = new List<(string Path, ContainerPort Port)>();
        foreach (var (container, path) in containers)
            foreach (var (i, port) in (container.Ports ?? []).Index())
            {
                var at = $"{path}.ports[{i}]";
                if (port.HostIP.Length > 0 && port.HostPort == 0)
                    yield return $"{at}: hostIP set without hostPort: {{Name:{port.Name} HostPort:0 ContainerPort:{port.ContainerPortValue} Protocol:{Protocol(port)} HostIP:{port.HostIP}}}";
                foreach (var (other, taken) in known.Where(k => k.Port.ContainerPortValue == port.ContainerPortValue && Protocol(k.Port) == Protocol(port)))
                {
                    if (port.HostIP == taken.HostIP && port.HostPort == taken.HostPort) yield return $"{at}: duplicate port definition with {other}";
                    else if (port.HostPort == 0 || taken.HostPort == 0) yield return $"{at}: overlapping port definition with {other}";
                    else if (port.HostPort == taken.HostPort && port.HostIP.Length == 0 != (taken.HostIP.Length == 0)) yield return $"{at}: dangerously ambiguous port definition with {other}";
                }
                known.Add((at, port));
            }
    }

    private static string Protocol(ContainerPort port) => port.Protocol.Length == 0 ? "TCP" : port.Protocol;

    private static IEnumerable<(Container Container, string Path)> Containers(PodSpec pod, string spec) =>
        (pod.InitContainers ?? []).Index().Select(c => (c.Item, $"{spec}.initContainers[{c.Index}]")).Concat((pod.Containers ?? []).Index().Select(c => (c.Item, $"{spec}.containers[{c.Index}]")));

    private static IEnumerable<string> Fractions(Dictionary<string, Quantity>? resources, string path)
    {
        foreach (var name in ByteResources)
            if (resources is not null && resources.TryGetValue(name, out var value) && value.MilliValue % 1000 != 0) yield return $"{path}[{name}]: fractional byte value \"{value}\" is invalid, must be an integer";
    }

    private static string Seccomp(string at) => $"{at}: non-functional in v1.27+; use the \"seccompProfile\" field instead";

    private static IEnumerable<string> Repeated<T>(List<T> items, Func<T, string> key, Func<int, string, string> warn)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, item) in items.Index())
            if (!seen.Add(key(item))) yield return warn(i, key(item));
    }
}
