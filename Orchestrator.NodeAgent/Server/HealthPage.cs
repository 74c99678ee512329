using System.Text;
using Microsoft.Extensions.Primitives;

namespace Orchestrator.NodeAgent.Server;

/// <summary>
/// <c>/healthz</c> in Kubernetes' text form: <c>ok</c>, or 500 with one line per check; <c>?verbose</c> lists them always, <c>?exclude=NAME</c> leaves one out. Each check has a path of its
/// own. Pure.
/// </summary>
internal static class HealthPage
{
    /// <summary>The page of one check, or of all for null. <paramref name="syncLoop"/> says why the node's actor does not go on; null where it does.</summary>
    public static KubeletPage Of(string? check, string? syncLoop, IReadOnlyDictionary<string, StringValues> query)
    {
        // Whoever answers lives, and the agent's log is written by no thread of its own that could hang.
        (string Name, string? Problem)[] checks = [("ping", null), ("log", null), ("syncloop", syncLoop)];
        if (check is not null)
            return checks.First(c => c.Name == check).Problem is { } problem ? KubeletPage.Text(500, $"internal server error: {problem}\n") : KubeletPage.Text(200, "ok");
        var excluded = query.GetValueOrDefault("exclude").OfType<string>().ToHashSet();
        var lines = new StringBuilder();
        foreach (var (name, why) in checks)
            lines.Append(excluded.Contains(name) ? $"[+]{name} excluded: ok\n" : why is null ? $"[+]{name} ok\n" : $"[-]{name} failed: reason withheld\n");
        var unknown = excluded.Where(e => checks.All(c => c.Name != e)).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0) lines.Append($"warn: some health checks cannot be excluded: no matches for {string.Join(", ", unknown.Select(u => $"\"{u}\""))}\n");
        if (checks.Any(c => c.Problem is not null && !excluded.Contains(c.Name))) return KubeletPage.Text(500, $"{lines}healthz check failed\n");
        return KubeletPage.Text(200, query.ContainsKey("verbose") ? $"{lines}healthz check passed\n" : "ok");
    }
}
