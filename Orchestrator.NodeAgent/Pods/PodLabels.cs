namespace Orchestrator.NodeAgent.Pods;

/// <summary>
/// The labels on every sandbox and container: the agent's only memory. Names that the kubelet also uses keep its spelling, so that tools that read
/// them keep working.
/// </summary>
public static class PodLabels
{
    /// <summary>The owning cluster.</summary>
    public const string Cluster = "io.orchestrator.cluster";

    /// <summary>The owning node.</summary>
    public const string Node = "io.orchestrator.node";

    /// <summary><see cref="SandboxRole"/> or <see cref="ContainerRole"/>.</summary>
    public const string Role = "io.orchestrator.role";

    /// <summary>Value of <see cref="Role"/> for a sandbox.</summary>
    public const string SandboxRole = "sandbox";

    /// <summary>Value of <see cref="Role"/> for a container.</summary>
    public const string ContainerRole = "container";

    /// <summary>The pod's name.</summary>
    public const string PodName = "io.kubernetes.pod.name";

    /// <summary>The pod's namespace.</summary>
    public const string PodNamespace = "io.kubernetes.pod.namespace";

    /// <summary>The pod's UID.</summary>
    public const string PodUid = "io.kubernetes.pod.uid";

    /// <summary>The container's name in the pod.</summary>
    public const string ContainerName = "io.kubernetes.container.name";

    /// <summary>Which try this is: 0 for the first; a container's restartCount.</summary>
    public const string Attempt = "io.kubernetes.container.restartCount";

    /// <summary>Fingerprint of what in the spec would require another container.</summary>
    public const string SpecHash = "io.kubernetes.container.hash";

    /// <summary>How many restarts in a row the back-off counted when this container was made.</summary>
    public const string BackOffLevel = "io.orchestrator.back-off";

    /// <summary>The sandbox a container was made for.</summary>
    public const string Sandbox = "io.orchestrator.sandbox";

    /// <summary>File on the node that holds the container's termination message.</summary>
    public const string TerminationMessageFile = "io.orchestrator.termination-message";

    /// <summary>The image as the pod names it; the engine knows only the id the container was made from.</summary>
    public const string Image = "io.orchestrator.image";

    /// <summary>The container's terminationMessagePolicy.</summary>
    public const string TerminationMessagePolicy = "io.kubernetes.container.terminationMessagePolicy";

    /// <summary>Label value or empty.</summary>
    public static string Get(IReadOnlyDictionary<string, string> labels, string name) => labels.TryGetValue(name, out var value) ? value : "";

    /// <summary>Label value as a number, or 0.</summary>
    public static int Number(IReadOnlyDictionary<string, string> labels, string name) => int.TryParse(Get(labels, name), out var value) ? value : 0;
}
