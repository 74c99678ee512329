using System.Globalization;
using System.Text;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>What the downward API reads beyond the pod: its addresses and what the node could give.</summary>
public sealed record DownwardFacts(string PodIp, string HostIp, string NodeName, long AllocatableMilliCpu, long AllocatableMemory, long AllocatableStorage);

/// <summary>The downward API: fields and resources of the pod as text (upstream: pkg/fieldpath and pkg/api/v1/resource).</summary>
public static class DownwardFields
{
    /// <summary>The value of a fieldRef. Throws <see cref="ContainerConfigException"/> for a path that does not exist.</summary>
    public static string Field(Pod pod, DownwardFacts facts, string path)
    {
        var meta = pod.Metadata;
        if (Subscript(path, "metadata.labels") is { } label) return meta.Labels?.GetValueOrDefault(label) ?? "";
        if (Subscript(path, "metadata.annotations") is { } annotation) return meta.Annotations?.GetValueOrDefault(annotation) ?? "";
        return path switch
        {
            "metadata.name" => meta.Name,
            "metadata.namespace" => meta.Namespace,
            "metadata.uid" => meta.UID,
            "metadata.labels" => Map(meta.Labels),
            "metadata.annotations" => Map(meta.Annotations),
            "spec.nodeName" => facts.NodeName,
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName,
            "status.hostIP" or "status.hostIPs" => facts.HostIp,
            "status.podIP" or "status.podIPs" => pod.Spec.HostNetwork ? facts.HostIp : facts.PodIp,
            _ => throw new ContainerConfigException($"unsupported fieldPath: {path}"),
        };
    }

    /// <summary>The value of a resourceFieldRef, divided and rounded up. Without a limit the node's allocatable counts.</summary>
    public static string Resource(Container container, DownwardFacts facts, ResourceFieldSelector selector)
    {
        var dot = selector.Resource.IndexOf('.', StringComparison.Ordinal);
        var (kind, name) = dot < 0 ? ("", "") : (selector.Resource[..dot], selector.Resource[(dot + 1)..]);
        var limit = container.Resources.Limits is { } limits && limits.TryGetValue(name, out var l) && !l.IsZero ? l : (Quantity?)null;
        var request = container.Resources.Requests is { } requests && requests.TryGetValue(name, out var r) ? r : (Quantity?)null;
        var value = (kind, name) switch
        {
            ("limits", "cpu") => limit ?? Quantity.FromMilli(facts.AllocatableMilliCpu),
            ("limits", "memory") => limit ?? new Quantity(facts.AllocatableMemory),
            ("limits", "ephemeral-storage") => limit ?? new Quantity(facts.AllocatableStorage),
            ("limits", _) when name.StartsWith("hugepages-", StringComparison.Ordinal) => limit ?? Quantity.Zero,
            ("requests", "cpu" or "memory" or "ephemeral-storage") => request ?? Quantity.Zero,
            ("requests", _) when name.StartsWith("hugepages-", StringComparison.Ordinal) => request ?? Quantity.Zero,
            _ => throw new ContainerConfigException($"unsupported container resource : {selector.Resource}"),
        };
        var divisor = selector.Divisor.IsZero ? new Quantity(1) : selector.Divisor;
        // As upstream: CPU in thousandths, everything else in whole units, both rounded up.
        return name == "cpu"
            ? CeilDivide(value.MilliValue, divisor.MilliValue)
            : CeilDivide(value.Value, divisor.Value);
    }

    private static string CeilDivide(long value, long divisor) => (((Int128)value + divisor - 1) / divisor).ToString(CultureInfo.InvariantCulture);

    private static string? Subscript(string path, string prefix) =>
        path.StartsWith(prefix + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal) ? path[(prefix.Length + 2)..^2] : null;

    /// <summary>One sorted <c>key="value"</c> per line, quoted as Go quotes.</summary>
    private static string Map(Dictionary<string, string>? map) =>
        string.Join('\n', (map ?? []).OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}={Quote(e.Value)}"));

    private static string Quote(string text)
    {
        var result = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            result = c switch
            {
                '"' => result.Append("\\\""),
                '\\' => result.Append("\\\\"),
                '\n' => result.Append("\\n"),
                '\t' => result.Append("\\t"),
                '\r' => result.Append("\\r"),
                < ' ' or '\x7f' => result.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => result.Append(c),
            };
        }
        return result.Append('"').ToString();
    }
}
