namespace Orchestrator.Tests.Api.Fuzz;

/// <summary>A request as it is sent: the target may be anything, the headers are not looked at.</summary>
internal sealed record RawRequest(string Method, string Target, byte[]? Body, string ContentType)
{
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>What a failing test shows of it.</summary>
    public override string ToString()
    {
        var body = Body is null ? "" : System.Text.Encoding.Latin1.GetString(Body, 0, Math.Min(Body.Length, 600));
        return $"{Method} {(Target.Length > 300 ? Target[..300] : Target)} [{ContentType}] {string.Join(' ', Headers.Select(h => $"{h.Key}: {(h.Value.Length > 80 ? h.Value[..80] : h.Value)}"))} {body}";
    }
}
