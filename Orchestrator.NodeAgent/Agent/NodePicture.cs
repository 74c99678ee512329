using Orchestrator.Resources;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>Asks the node's actor what it has. Answered with <see cref="NodePicture"/>; that it is answered says that the actor goes on.</summary>
internal sealed record NodePictureWanted
{
    public static readonly NodePictureWanted Instance = new();
}

/// <summary>The node's pods, and its range of addresses (empty while the control plane has not told it).</summary>
internal sealed record NodePicture(IReadOnlyList<PodOfNode> Pods, string PodCidr);

/// <summary>A pod as the control plane has told it; its bytes are shared and never change.</summary>
internal sealed record PodOfNode(ResourceKey Key, string Uid, ReadOnlyMemory<byte> Json);
