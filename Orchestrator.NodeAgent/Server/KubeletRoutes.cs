namespace Orchestrator.NodeAgent.Server;

/// <summary>What of the node is asked for.</summary>
internal enum KubeletTopic
{
    /// <summary><c>/healthz</c>, or one check of it.</summary>
    Health,

    /// <summary><c>/metrics</c>: the agent's own.</summary>
    Metrics,

    /// <summary><c>/metrics/resource</c>.</summary>
    ResourceMetrics,

    /// <summary><c>/stats/summary</c>.</summary>
    Summary,

    /// <summary><c>/configz</c>.</summary>
    Config,

    /// <summary><c>/pods</c>: as the control plane has told them.</summary>
    Pods,

    /// <summary><c>/runningpods/</c>: as the engine has them.</summary>
    RunningPods,

    /// <summary><c>/containerLogs/NAMESPACE/POD/CONTAINER</c>.</summary>
    ContainerLog,

    /// <summary><c>/run/NAMESPACE/POD/CONTAINER</c>: a command to its end.</summary>
    Run,
}

/// <summary>A path that is served, and the names in it.</summary>
internal sealed record KubeletRoute(KubeletTopic Topic, IReadOnlyList<string> Names);

/// <summary>
/// The paths of a kubelet's server (pkg/kubelet/server), those of them that an agent has an answer to. Pure. What is a web service there is bound to its methods and takes a
/// slash at its end; what is a plain handler takes any method and its exact path only; and the two have different words for what there is not.
/// </summary>
internal static class KubeletRoutes
{
    private static readonly string[] Checks = ["ping", "log", "syncloop"];

    /// <summary>Finds what is asked for, or says what is answered instead. The path is percent-encoded, the query without its question mark.</summary>
    public static (KubeletRoute? Route, KubeletPage? Refusal) Find(string method, string path, string query)
    {
        string[] names = [.. path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString)];
        var exact = !path.EndsWith('/');
        return names switch
        {
            ["healthz"] when exact => (new KubeletRoute(KubeletTopic.Health, []), null),
            ["healthz", var check] when exact && Checks.Contains(check) => (new KubeletRoute(KubeletTopic.Health, [check]), null),
            ["metrics"] when exact => (new KubeletRoute(KubeletTopic.Metrics, []), null),
            ["metrics", "resource"] when exact => (new KubeletRoute(KubeletTopic.ResourceMetrics, []), null),
            ["configz"] when exact => (new KubeletRoute(KubeletTopic.Config, []), null),
            ["stats" or "runningpods" or "logs"] when exact => (null, KubeletPage.MovedTo($"/{names[0]}/{(query.Length > 0 ? $"?{query}" : "")}")),
            ["logs", ..] => (null, Disabled("logs")),
            ["debug", "pprof", ..] when names.Length > 2 || !exact => (null, Disabled("profiling")),
            ["debug", "flags", "v"] when exact => (null, Disabled("flags")),
            ["pods"] => Service(KubeletTopic.Pods, [], method, "GET"),
            ["runningpods"] => Service(KubeletTopic.RunningPods, [], method, "GET"),
            ["stats", "summary"] => Service(KubeletTopic.Summary, [], method, "GET", "POST"),
            ["containerLogs", _, _, _] => Service(KubeletTopic.ContainerLog, names[1..], method, "GET"),
            ["run", _, _, _] => Service(KubeletTopic.Run, names[1..], method, "POST"),
            // The pod's UID stands before the container there, and nobody looks at it.
            ["run", _, _, _, _] => Service(KubeletTopic.Run, [names[1], names[2], names[4]], method, "POST"),
            ["pods" or "runningpods" or "stats" or "containerLogs" or "run", ..] => (null, KubeletPage.Refusal(404, "404: Page Not Found")),
            _ => (null, KubeletPage.Text(404, "404 page not found\n")),
        };
    }

    private static (KubeletRoute? Route, KubeletPage? Refusal) Service(KubeletTopic topic, IReadOnlyList<string> names, string method, params string[] methods) => methods.Contains(method)
        ? (new KubeletRoute(topic, names), null)
        : (null, KubeletPage.Refusal(405, "405: Method Not Allowed", ("Allow", string.Join(", ", methods))));

    // As a kubelet whose configuration has the handler off.
    private static KubeletPage Disabled(string what) => KubeletPage.Text(405, $"{what} endpoint is disabled.\n");
}
