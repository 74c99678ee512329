using Orchestrator.NodeAgent.Pods;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>
/// A pod as the control plane has it: its bytes, and the pod they hold for as long as somebody works with it. A pod that rests costs no more than its bytes, which in the control plane's
/// own process are the read model's. Handed from the node's actor to the pod's worker; the former looks at its bytes only from then on.
/// </summary>
internal sealed class KnownPod(ReadOnlyMemory<byte> json)
{
    private Pod? _pod;
    private IReadOnlyList<PodContainer>? _containers;

    /// <summary>The stored object.</summary>
    public ReadOnlyMemory<byte> Json { get; private set; } = json;

    /// <summary>The pod, without the list of its managers, which nobody needs here.</summary>
    public Pod Pod => _pod ??= TypedJson.ReadWithoutManagers<Pod>(Json.Span);

    /// <summary>Its containers in the order in which they start.</summary>
    public IReadOnlyList<PodContainer> Containers => _containers ??= PodContainers.Of(Pod.Spec);

    /// <summary>
    /// Takes over a newer version, which rests afterwards. For the worker's own, which the worker was made with: that one lives as long as the worker, since it would be made anew with it, and
    /// with an older version in it would keep that alive.
    /// </summary>
    public void Become(KnownPod newer)
    {
        if (ReferenceEquals(newer, this)) return;
        (Json, _pod, _containers) = (newer.Json, newer._pod, newer._containers);
        newer.Rest();
    }

    /// <summary>Nobody works with it for now.</summary>
    public void Rest() => (_pod, _containers) = (null, null);
}
