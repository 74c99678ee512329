namespace Orchestrator.Tests.Api.Fuzz;

/// <summary>Wrong paths, queries and headers.</summary>
internal static class TargetMutations
{
    private static readonly string[] Parameters =
    [
        "limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector", "timeoutSeconds", "sendInitialEvents", "allowWatchBookmarks", "watch", "fieldManager", "fieldValidation", "force", "gracePeriodSeconds",
        "propagationPolicy", "orphanDependents", "includeObject", "pretty", "container", "follow", "tailLines", "sinceSeconds", "sinceTime", "previous", "timestamps", "limitBytes", "command", "stdin", "ports", "path", "dryRun", "",
    ];

    private static readonly string[] Values =
    [
        "", "0", "-1", "1", "true", "false", "maybe", "All", "None", "Strict", "Exact", "NotOlderThan", "9999999999999999999", "-9223372036854775809", "1.5", "0x10", "a", "%00", "%ff%fe", "%zz", "a%20b", "a=b", "a==b", "a!=b", "a in (b", "a in (b,,c)", "!a,!b", "!(a)",
        "a notin ()", "metadata.name=x", "metadata.name=", "metadata.name==x,metadata.name=y", "status.phase=%0a", "spec.unknown=x", "a\\=b=c", "=", ",", "(((((", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsIm5zIjoiIiwibmFtZSI6IngifQ",
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MWU5OTksIm5zIjo1fQ", "eyJ2", "Orphan", "Foreground", "Sideways", "2026-11-30T10:00:00Z", "not-a-time", "%F0%9F%98%80", "\u0001",
    ];

    private static readonly string[] Segments =
    [
        "", ".", "..", "%2e%2e", "%2F", "%00", "%ff", "%", "api", "apis", "v1", "v2", "v1beta1", "namespaces", "default", "fuzz", "pods", "nodes", "deployments", "widgets", "apps", "status", "scale", "exec", "log", "attach", "portforward", "token", "binding", "eviction", "finalize",
        "ephemeralcontainers", "approval", "watch", "*", "a b", "ü", "😀", "-", "'", "\"", "<script>", "why", "openapi", "v3", "version", "healthz",
    ];

    private static readonly string[] Headers =
    [
        "Accept", "Accept", "Accept", "Accept-Encoding", "Authorization", "Content-Encoding", "If-None-Match", "If-Match", "Impersonate-User", "Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-x", "Sec-WebSocket-Protocol", "Sec-WebSocket-Key", "X-Stream-Protocol-Version",
        "Range", "Expect-CT", "X-Remote-User", "X-Forwarded-For", "Cookie", "User-Agent", "X-HTTP-Method-Override", "Content-Language", "Kubectl-Command",
    ];

    private static readonly string[] HeaderValues =
    [
        "", "*", "*/*", "application/json;q=2", "application/json;q=x", "application/json;as=Table;v=v9;g=meta.k8s.io", "application/json;as=Nothing", "application/vnd.kubernetes.protobuf;stream=watch", "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io",
        "application/yaml;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", ",,,;;;", "text/html", "image/*;q=0", "gzip;q=0,br", "Bearer", "Bearer x.y.z", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic Zm9v", "Negotiate", "system:serviceaccount:", "system:serviceaccount:a:b:c", "system:masters", "nobody",
        "v4.channel.k8s.io", "bytes=0-", "\"etag\"", "W/\"x\"", "a;b=\"c", "ü",
    ];

    public static string Path(string path, Random random)
    {
        var parts = path.Split('/').ToList();
        for (var i = random.Next(3); i >= 0; i--)
        {
            var at = random.Next(1, parts.Count + 1);
            var segment = random.Next(40) == 0 ? new string('p', random.Next(300, 6000)) : Segments[random.Next(Segments.Length)];
            if (random.Next(3) == 0) parts.Insert(at, segment);
            else if (at < parts.Count && random.Next(4) == 0 && parts.Count > 2) parts.RemoveAt(at);
            else if (at < parts.Count) parts[at] = segment;
            else parts.Add(segment);
        }
        return "/" + string.Join('/', parts.Skip(1).Select(p => p.Any(c => c > '~' || c <= ' ' || c is '?' or '#') ? Uri.EscapeDataString(p) : p));
    }

    /// <summary>One to three parameters, each of which may be wrong.</summary>
    public static string Query(Random random) => string.Join('&', Enumerable.Range(0, 1 + random.Next(3)).Select(_ =>
    {
        var value = random.Next(60) == 0 ? new string('v', random.Next(500, 6000)) : Values[random.Next(Values.Length)];
        return $"{Parameters[random.Next(Parameters.Length)]}={(value.Any(c => c > '~' || c <= ' ' || c is '#' or '&') ? Uri.EscapeDataString(value) : value)}";
    }));

    public static IReadOnlyList<KeyValuePair<string, string>> HeaderLines(Random random) =>
        [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => KeyValuePair.Create(Headers[random.Next(Headers.Length)], random.Next(60) == 0 ? new string('h', random.Next(500, 9000)) : HeaderValues[random.Next(HeaderValues.Length)]))];
}
