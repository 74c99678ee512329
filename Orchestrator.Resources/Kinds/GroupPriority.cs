namespace Orchestrator.Resources.Kinds;

/// <summary>
/// How much a group version is preferred over others, as its APIService says: clients that know a resource's name only take that of the first group (kube-apiserver's
/// DefaultGenericAPIServicePriorities). A higher number comes first.
/// </summary>
public readonly record struct GroupPriority(int Group, int Version)
{
    private static readonly Dictionary<(string, string), GroupPriority> BuiltIn = new()
    {
        [("", "v1")] = new(18000, 1),
        [("apps", "v1")] = new(17800, 15),
        [("events.k8s.io", "v1")] = new(17750, 15),
        [("authentication.k8s.io", "v1")] = new(17700, 15),
        [("authorization.k8s.io", "v1")] = new(17600, 15),
        [("autoscaling", "v1")] = new(17500, 15),
        [("autoscaling", "v2")] = new(17500, 30),
        [("batch", "v1")] = new(17400, 15),
        [("certificates.k8s.io", "v1")] = new(17300, 15),
        [("networking.k8s.io", "v1")] = new(17200, 15),
        [("policy", "v1")] = new(17100, 15),
        [("rbac.authorization.k8s.io", "v1")] = new(17000, 15),
        [("storage.k8s.io", "v1")] = new(16800, 15),
        [("apiextensions.k8s.io", "v1")] = new(16700, 15),
        [("admissionregistration.k8s.io", "v1")] = new(16700, 15),
        [("scheduling.k8s.io", "v1")] = new(16600, 15),
        [("coordination.k8s.io", "v1")] = new(16500, 15),
        [("node.k8s.io", "v1")] = new(16300, 15),
        [("discovery.k8s.io", "v1")] = new(16200, 15),
        [("flowcontrol.apiserver.k8s.io", "v1")] = new(16100, 21),
    };

    /// <summary>Priority of every group version that a definition brings.</summary>
    public static GroupPriority Custom { get; } = new(1000, 100);

    /// <summary>Group versions that always are there and have an APIService object. That of APIServices has none, since they could not be read without it.</summary>
    public static IEnumerable<(string Group, string Version)> Listed => BuiltIn.Keys;

    /// <summary>The priority of a group version of this server; that of APIServices comes before all others.</summary>
    public static GroupPriority Of(string group, string version) =>
        BuiltIn.TryGetValue((group, version), out var known) ? known : group == "apiregistration.k8s.io" ? new(20000, 15) : Custom;
}
