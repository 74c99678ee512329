using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Admission;

/// <summary>Where an object says what a pod is to be: pods themselves, and what makes pods.</summary>
public static class PodTemplates
{
    /// <summary>Whether objects of a kind are pods, or say what pods are to be.</summary>
    public static bool Makes(ResourceKind kind) => PathOf(kind) is not null;

    /// <summary>The object that holds the pod's metadata and spec, and its path with a dot behind it (empty for a pod itself); null for a kind that makes no pods, or for an object without it.</summary>
    public static (JsonObject Template, string Path)? Of(ResourceKind kind, JsonObject obj)
    {
        if (PathOf(kind) is not { } path) return null;
        var at = obj;
        foreach (var field in path)
        {
            if (at[field] is not JsonObject inner) return null;
            at = inner;
        }
        return (at, string.Concat(path.Select(field => field + ".")));
    }

    private static string[]? PathOf(ResourceKind kind) => (kind.Group, kind.Kind) switch
    {
        ("", "Pod") => [],
        ("", "ReplicationController") or ("apps", "Deployment" or "ReplicaSet" or "StatefulSet" or "DaemonSet") or ("batch", "Job") => ["spec", "template"],
        ("batch", "CronJob") => ["spec", "jobTemplate", "spec", "template"],
        ("", "PodTemplate") => ["template"],
        _ => null,
    };
}
