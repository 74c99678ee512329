using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors.Admission;

/// <summary>Objects that a cluster does not work without (upstream's NamespaceLifecycle admission plugin, and its storage of PriorityClasses).</summary>
public static class Undeletable
{
    private static readonly string[] Namespaces = ["default", "kube-system", "kube-public"];
    private static readonly string[] PriorityClasses = ["system-cluster-critical", "system-node-critical"];

    /// <summary>Throws 403 for the deletion of one of them.</summary>
    public static void Check(ResourceKind kind, string name)
    {
        var why = kind switch
        {
            { Group: "", Kind: "Namespace" } when Namespaces.Contains(name) => "this namespace may not be deleted",
            { Group: "scheduling.k8s.io", Kind: "PriorityClass" } when PriorityClasses.Contains(name) => "this is a system priority class and cannot be deleted",
            _ => null,
        };
        if (why is not null) throw ApiStatus.Forbidden(kind.GroupResource, name, why).AsException();
    }
}
