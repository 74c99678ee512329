using Orchestrator.NodeAgent.Images;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Agent;

/// <summary>The logins of a pod's imagePullSecrets, from the secrets that the agent follows.</summary>
internal sealed class PullSecrets(FollowedObjects objects)
{
    private static readonly string[] Keys = [".dockerconfigjson", ".dockercfg"];

    /// <summary>See <see cref="PullCredentials"/>; a missing secret is left out, as the kubelet does.</summary>
    public IReadOnlyList<RegistryCredentials> For(Pod pod, string image)
    {
        if (pod.Spec.ImagePullSecrets is not { Count: > 0 } names || !ImageReference.TryParse(image, out var reference, out _)) return [];
        var contents = names.Select(n => objects.Secret(pod.Metadata.Namespace, n.Name)?.Data).OfType<Dictionary<string, byte[]>>()
            .SelectMany(data => Keys.Where(data.ContainsKey).Select(key => (ReadOnlyMemory<byte>)data[key]));
        return RegistryLogins.For(reference!, contents);
    }
}
