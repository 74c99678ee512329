using System.Globalization;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>Security contexts, resources and QoS as the engine takes them (upstream: pkg/kubelet/kuberuntime/security_context, qos/policy).</summary>
public static class SecurityMapping
{
    private const string UnconfinedSeccomp = "seccomp=unconfined";

    /// <summary>The spec with everything of the two security contexts; the container's wins. Throws <see cref="ContainerConfigException"/> where runAsNonRoot is broken.</summary>
    public static ContainerSpec Apply(ContainerSpec spec, Pod pod, Container container, string imageUser)
    {
        var own = container.SecurityContext;
        var all = pod.Spec.SecurityContext;
        var user = own?.RunAsUser ?? all?.RunAsUser;
        var group = own?.RunAsGroup ?? all?.RunAsGroup;
        VerifyNonRoot(pod, container, own?.RunAsNonRoot ?? all?.RunAsNonRoot, user, imageUser);
        var seccomp = own?.SeccompProfile ?? all?.SeccompProfile;
        var options = new List<string>();
        // As the kubelet: no profile means unconfined; RuntimeDefault is what the engine does by itself.
        if (seccomp is null or { Type: "Unconfined" }) options.Add(UnconfinedSeccomp);
        else if (seccomp.Type == "Localhost" && seccomp.LocalhostProfile is { Length: > 0 } profile) options.Add($"seccomp={profile}");
        var privileged = own?.Privileged == true;
        return spec with
        {
            User = user is null ? (group is null ? null : $"{FirstPart(imageUser)}:{Text(group.Value)}") : group is null ? Text(user.Value) : $"{Text(user.Value)}:{Text(group.Value)}",
            Groups = [.. (all?.SupplementalGroups ?? []).Append(all?.FSGroup ?? -1).Where(g => g >= 0).Distinct().Select(Text)],
            Privileged = privileged,
            ReadOnlyRootFilesystem = own?.ReadOnlyRootFilesystem == true,
            NoNewPrivileges = own?.AllowPrivilegeEscalation == false && !privileged,
            CapAdd = [.. (own?.Capabilities?.Add ?? []).Select(Capability)],
            CapDrop = [.. (own?.Capabilities?.Drop ?? []).Select(Capability)],
            SecurityOptions = options,
        };
    }

    /// <summary>The spec with CPU, memory and the OOM score of the pod's QoS class.</summary>
    public static ContainerSpec ApplyResources(ContainerSpec spec, Pod pod, Container container, long nodeMemoryBytes)
    {
        var limits = container.Resources.Limits;
        var requests = container.Resources.Requests;
        var cpuLimit = limits?.TryGetValue("cpu", out var cl) == true ? cl.MilliValue : 0;
        var cpuRequest = requests?.TryGetValue("cpu", out var cr) == true ? cr.MilliValue : cpuLimit;
        var memoryLimit = limits?.TryGetValue("memory", out var ml) == true ? ml.Value : 0;
        var memoryRequest = requests?.TryGetValue("memory", out var mr) == true ? mr.Value : 0;
        return spec with
        {
            CpuLimitMillis = cpuLimit,
            CpuRequestMillis = cpuRequest,
            MemoryLimitBytes = memoryLimit,
            OomScoreAdj = OomScore(QosClass.Of(pod.Spec), memoryRequest, nodeMemoryBytes, pod.Spec.Priority ?? 0),
        };
    }

    /// <summary>-997 for guaranteed and node-critical pods, 1000 for best effort, between 3 and 999 by request for burstable.</summary>
    public static int OomScore(string qos, long memoryRequest, long nodeMemoryBytes, int priority)
    {
        if (priority >= 2_000_000_000 || qos == QosClass.Guaranteed) return -997;
        if (qos == QosClass.BestEffort) return 1000;
        var score = 1000 - (int)(1000 * (Int128)memoryRequest / Math.Max(1, nodeMemoryBytes));
        return score < 3 ? 3 : score == 1000 ? 999 : score;
    }

    private static void VerifyNonRoot(Pod pod, Container container, bool? nonRoot, long? user, string imageUser)
    {
        if (nonRoot != true) return;
        var where = $"(pod: \"{PodContainers.Format(pod)}\", container: {container.Name})";
        if (user == 0) throw new ContainerConfigException($"container's runAsUser breaks non-root policy {where}");
        if (user is not null) return;
        var image = FirstPart(imageUser);
        if (image.Length == 0 || image == "0" || image == "root") throw new ContainerConfigException($"container has runAsNonRoot and image will run as root {where}");
        if (!long.TryParse(image, out _))
            throw new ContainerConfigException($"container has runAsNonRoot and image has non-numeric user ({image}), cannot verify user is non-root {where}");
    }

    private static string FirstPart(string user) => user.Split(':')[0];

    private static string Capability(string name) => name.StartsWith("CAP_", StringComparison.OrdinalIgnoreCase) ? name[4..] : name;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
