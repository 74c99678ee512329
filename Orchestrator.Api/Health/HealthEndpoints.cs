using System.Text;
using Microsoft.AspNetCore.Http;
using Orchestrator.Api.Responses;

namespace Orchestrator.Api.Health;

/// <summary>One named check: healthy while <paramref name="Problem"/> gives null, else the reason.</summary>
public sealed record HealthCheck(string Name, Func<string?> Problem);

/// <summary>
/// <c>/livez</c>, <c>/readyz</c> and <c>/healthz</c> with Kubernetes' text form: <c>ok</c>, or 500 with one line per check; <c>?verbose</c> always lists
/// them, <c>?exclude=name</c> leaves one out, and each check has a path of its own (<c>/readyz/ping</c>).
/// </summary>
public sealed class HealthEndpoints(IReadOnlyList<HealthCheck> live, IReadOnlyList<HealthCheck> ready)
{
    /// <summary>Whether the path is one of ours.</summary>
    public bool Serves(string path) => Find(path) is not null;

    /// <summary>Answers; call only where <see cref="Serves"/>.</summary>
    public Task HandleAsync(HttpContext context, string path)
    {
        var (name, checks) = Find(path) ?? throw new ArgumentException($"{path} is no health path", nameof(path));
        var excluded = context.Request.Query["exclude"];
        var lines = new StringBuilder();
        var failed = new List<string>();
        foreach (var check in checks)
        {
            if (excluded.Contains(check.Name))
            {
                lines.Append($"[+]{check.Name} excluded: ok\n");
                continue;
            }
            if (check.Problem() is { } problem)
            {
                failed.Add(check.Name);
                lines.Append($"[-]{check.Name} failed: {problem}\n");
            }
            else
            {
                lines.Append($"[+]{check.Name} ok\n");
            }
        }
        context.Response.Headers.CacheControl = "no-cache, private";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        if (failed.Count > 0) return ResponseWriter.TextAsync(context, StatusCodes.Status500InternalServerError, $"{lines}{name} check failed\n");
        return ResponseWriter.TextAsync(context, StatusCodes.Status200OK, context.Request.Query.ContainsKey("verbose") ? $"{lines}{name} check passed\n" : "ok");
    }

    private (string Name, IReadOnlyList<HealthCheck> Checks)? Find(string path)
    {
        foreach (var (name, checks) in ((string, IReadOnlyList<HealthCheck>)[])[("livez", live), ("readyz", ready), ("healthz", ready)])
        {
            if (path == $"/{name}" || path == $"/{name}/") return (name, checks);
            if (path.StartsWith($"/{name}/", StringComparison.Ordinal) && checks.FirstOrDefault(c => c.Name == path[(name.Length + 2)..]) is { } one) return (one.Name, [one]);
        }
        return null;
    }
}
