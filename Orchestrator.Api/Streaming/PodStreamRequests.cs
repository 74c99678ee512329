using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Requests;
using Orchestrator.Protocol.Streams;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Streaming;

/// <summary>
/// Turns the queries of <c>pods/log</c>, <c>exec</c>, <c>attach</c> and <c>portforward</c> into node requests: chooses the container and checks the
/// options, in upstream's words (registry/core/pod/strategy).
/// </summary>
internal static class PodStreamRequests
{
    private const string DefaultContainer = "kubectl.kubernetes.io/default-container";

    /// <summary>The node a pod runs on. Throws 400 for a pod without one.</summary>
    public static string NodeOf(JsonObject pod, string name) =>
        (string?)pod["spec"]?["nodeName"] is { Length: > 0 } node ? node : throw ApiStatus.BadRequest($"pod {name} does not have a host assigned").AsException();

    /// <summary>kubectl logs.</summary>
    public static LogRequest Log(ResourceKey key, JsonObject pod, IQueryCollection query, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        var (tail, limit, seconds, time) = (query.Number("tailLines"), query.Number("limitBytes"), query.Number("sinceSeconds"), query.Text("sinceTime"));
        if (tail < 0) errors.Invalid("tailLines", tail, "must be greater than or equal to 0");
        if (limit < 1) errors.Invalid("limitBytes", limit, "must be greater than 0");
        DateTimeOffset? since = null;
        if (seconds is not null && time.Length > 0) errors.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
        else if (seconds < 1) errors.Invalid("sinceSeconds", seconds, "must be greater than 0");
        else if (seconds is not null) since = now - TimeSpan.FromSeconds(seconds.Value);
        else if (time.Length > 0)
            since = DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed)
                ? parsed
                : throw ApiStatus.BadRequest($"parsing time \"{time}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{time}\" as \"2006\"").AsException();
        if (errors.Any) throw ApiStatus.Invalid("PodLogOptions", key.Name, errors.Causes).AsException();
        var container = ContainerOf(pod, key.Name, query.Text("container"));
        return new LogRequest(key, Uid(pod), container, query.Flag("follow"), query.Flag("previous"), query.Flag("timestamps"), since, tail, limit);
    }

    /// <summary>kubectl exec.</summary>
    public static ExecRequest Exec(ResourceKey key, JsonObject pod, IQueryCollection query)
    {
        IReadOnlyList<string> command = [.. query["command"].OfType<string>()];
        if (command.Count == 0) throw ApiStatus.BadRequest("you must specify at least 1 command for the container").AsException();
        var (stdin, stdout, stderr, tty) = CommandStreams.Parse(query);
        return new ExecRequest(key, Uid(pod), ContainerOf(pod, key.Name, query.Text("container")), command, stdin, stdout, stderr, tty);
    }

    /// <summary>kubectl attach.</summary>
    public static AttachRequest Attach(ResourceKey key, JsonObject pod, IQueryCollection query)
    {
        var (stdin, stdout, stderr, tty) = CommandStreams.Parse(query);
        return new AttachRequest(key, Uid(pod), ContainerOf(pod, key.Name, query.Text("container")), stdin, stdout, stderr, tty);
    }

    /// <summary>The pod's UID.</summary>
    public static string Uid(JsonObject pod) => (string?)pod["metadata"]?["uid"] ?? "";

    /// <summary>The container asked for, or the pod's default one. Throws 400 where there is no such container or the choice is the client's.</summary>
    internal static string ContainerOf(JsonObject pod, string podName, string wanted)
    {
        var containers = Names(pod, "containers");
        var init = Names(pod, "initContainers");
        var ephemeral = Names(pod, "ephemeralContainers");
        if (wanted.Length == 0)
        {
            if (containers.Count == 1) return containers[0];
            if ((string?)pod["metadata"]?["annotations"]?[DefaultContainer] is { } annotated && containers.Contains(annotated)) return annotated;
            var choices = $"a container name must be specified for pod {podName}, choose one of: [{string.Join(' ', containers)}]";
            if (init.Count > 0) choices += $" or one of the init containers: [{string.Join(' ', init)}]";
            if (ephemeral.Count > 0) choices += $" or one of the ephemeral containers: [{string.Join(' ', ephemeral)}]";
            throw ApiStatus.BadRequest(choices).AsException();
        }
        if (containers.Contains(wanted) || init.Contains(wanted) || ephemeral.Contains(wanted)) return wanted;
        throw ApiStatus.BadRequest($"container {wanted} is not valid for pod {podName}").AsException();
    }

    private static List<string> Names(JsonObject pod, string list) =>
        [.. (pod["spec"]?[list] as JsonArray ?? []).Select(c => (string?)c?["name"] ?? "")];
}
