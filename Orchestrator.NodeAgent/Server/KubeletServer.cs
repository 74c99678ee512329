using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Pods;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Server.Stats;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Server;

/// <summary>
/// What a kubelet's HTTP server tells of its node, without a server: requests come through the agent's connection with the control plane (nodes/proxy), which has authorised them. Thread-safe.
/// </summary>
internal sealed class KubeletServer(IActorRef agent, NodeAgentOptions options)
{
    private const int Piece = 32 * 1024;
    private const int MostOutput = 16 << 20;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly NodeStats _stats = new(options);

    /// <summary>Answers one request; the stream has been accepted.</summary>
    public async Task ServeAsync(KubeletRequest request, INodeStream stream, CancellationToken cancel)
    {
        var page = await AnswerAsync(request, cancel).ConfigureAwait(false);
        await stream.Output.WriteAsync(new KubeletAnswer(page.Code, page.Headers).ToFrame(), cancel).ConfigureAwait(false);
        if (request.Method == "HEAD") return;
        for (var at = 0; at < page.Body.Length; at += Piece)
            await stream.Output.WriteAsync(new StreamFrame(StreamFrame.Stdout, page.Body.Slice(at, Math.Min(Piece, page.Body.Length - at))), cancel).ConfigureAwait(false);
        if (page.Follow is { } follow) await follow(stream, cancel).ConfigureAwait(false);
    }

    private async Task<KubeletPage> AnswerAsync(KubeletRequest request, CancellationToken cancel)
    {
        var (route, refusal) = KubeletRoutes.Find(request.Method, request.Path, request.Query);
        if (route is null) return refusal!;
        try
        {
            return await PageAsync(route, QueryHelpers.ParseQuery(request.Query), cancel).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            return KubeletPage.Refusal(500, "the node's agent does not answer in time");
        }
        catch (Exception e) when (e is RuntimeUnavailableException or RuntimeException)
        {
            return KubeletPage.Refusal(500, route.Topic == KubeletTopic.Summary ? $"Internal Error: {e.Message}" : e.Message);
        }
    }

    private async Task<KubeletPage> PageAsync(KubeletRoute route, Dictionary<string, StringValues> query, CancellationToken cancel) => route.Topic switch
    {
        KubeletTopic.Health => HealthPage.Of(route.Names is [var check] ? check : null, await SyncLoopAsync(cancel).ConfigureAwait(false), query),
        KubeletTopic.Metrics => KubeletPage.Metrics(AgentMetrics.Write(options.NodeName, await options.Runtime.ListAsync(cancel).ConfigureAwait(false), ProcessFigures.Now())),
        KubeletTopic.ResourceMetrics => KubeletPage.Metrics(await ResourceMetricsAsync(cancel).ConfigureAwait(false)),
        KubeletTopic.Summary => KubeletPage.Json(SummaryJson.Write(await _stats.ReadAsync(cancel).ConfigureAwait(false), QueryFlags.Holds(query, "only_cpu_and_memory"))),
        KubeletTopic.Config => KubeletPage.Json(ConfigPage.Write(options, (await PictureAsync(cancel).ConfigureAwait(false)).PodCidr)),
        KubeletTopic.Pods => KubeletPage.Json(PodLists.Known((await PictureAsync(cancel).ConfigureAwait(false)).Pods)),
        KubeletTopic.RunningPods => KubeletPage.Json(PodLists.Running(await options.Runtime.ListAsync(cancel).ConfigureAwait(false))),
        KubeletTopic.ContainerLog => await LogAsync(route.Names, query, cancel).ConfigureAwait(false),
        _ => await RunAsync(route.Names, query, cancel).ConfigureAwait(false),
    };

    private Task<NodePicture> PictureAsync(CancellationToken cancel) => agent.Ask<NodePicture>(NodePictureWanted.Instance, Deadline, cancel);

    /// <summary>Null while the node's actor goes on, else what is wrong.</summary>
    private async Task<string?> SyncLoopAsync(CancellationToken cancel)
    {
        try
        {
            await PictureAsync(cancel).ConfigureAwait(false);
            return null;
        }
        catch (AskTimeoutException)
        {
            return "sync Loop took longer than expected";
        }
    }

    /// <summary>An engine that is away is a metric, not a failure.</summary>
    private async Task<string> ResourceMetricsAsync(CancellationToken cancel)
    {
        try
        {
            return ResourceMetrics.Write(await _stats.ReadAsync(cancel).ConfigureAwait(false));
        }
        catch (Exception e) when (e is RuntimeUnavailableException or RuntimeException)
        {
            return ResourceMetrics.Write(null);
        }
    }

    private async Task<KubeletPage> LogAsync(IReadOnlyList<string> names, Dictionary<string, StringValues> query, CancellationToken cancel)
    {
        var (log, refusal) = LogQuery.Parse(query, options.TimeProvider.GetUtcNow());
        if (log is null) return refusal!;
        var (name, container) = (names[1], names[2]);
        if (await FindAsync(names[0], name, cancel).ConfigureAwait(false) is not { } pod) return KubeletPage.Refusal(404, $"pod \"{name}\" does not exist");
        if (!PodContainers.Of(TypedJson.ReadWithoutManagers<Pod>(pod.Json.Span).Spec).Any(c => c.Name == container))
            return KubeletPage.Refusal(404, $"container \"{container}\" not found in pod \"{name}\"");
        var answer = await agent.Ask<object>(new FindContainer(pod.Uid, name, container, log.Previous ? ContainerUse.PreviousLog : ContainerUse.Log), Deadline, cancel).ConfigureAwait(false);
        return answer is ContainerFound found
            ? KubeletPage.Stream((stream, over) => options.Runtime.LogStreamAsync(found.Id, log.Options, stream, over))
            : KubeletPage.Refusal(400, ((ContainerNotFound)answer).Status.Message);
    }

    private async Task<KubeletPage> RunAsync(IReadOnlyList<string> names, Dictionary<string, StringValues> query, CancellationToken cancel)
    {
        if (await FindAsync(names[0], names[1], cancel).ConfigureAwait(false) is not { } pod) return KubeletPage.Refusal(404, "pod does not exist");
        var answer = await agent.Ask<object>(new FindContainer(pod.Uid, names[1], names[2], ContainerUse.Running), Deadline, cancel).ConfigureAwait(false);
        if (answer is not ContainerFound found) return KubeletPage.Refusal(500, $"container not found (\"{names[2]}\")");
        var command = query.GetValueOrDefault("cmd").ToString();
        var result = await options.Runtime.ExecAsync(found.Id, command.Split(' '), MostOutput, cancel).ConfigureAwait(false);
        return result.ExitCode == 0
            ? KubeletPage.Json(System.Text.Encoding.UTF8.GetBytes(result.Output))
            : KubeletPage.Refusal(500, $"command '{command}' exited with {result.ExitCode}: {result.Output}");
    }

    private async Task<PodOfNode?> FindAsync(string ns, string name, CancellationToken cancel) =>
        (await PictureAsync(cancel).ConfigureAwait(false)).Pods.FirstOrDefault(p => p.Key.Namespace == ns && p.Key.Name == name);
}
