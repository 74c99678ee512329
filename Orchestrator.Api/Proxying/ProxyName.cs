namespace Orchestrator.Api.Proxying;

/// <summary>What stands for a name before <c>/proxy</c>: <c>name</c>, <c>name:port</c> or <c>scheme:name:port</c>.</summary>
internal readonly record struct ProxyName(string Scheme, string Name, string Port)
{
    /// <summary>Takes it apart; null for anything else, schemes beside http and https included.</summary>
    public static ProxyName? Parse(string id)
    {
        ProxyName? parsed = id.Split(':') switch
        {
            [var name] => new("", name, ""),
            [var name, var port] => new("", name, port),
            [var scheme, var name, var port] => new(scheme, name, port),
            _ => null,
        };
        return parsed is { Name.Length: > 0, Scheme: "" or "http" or "https" } ? parsed : null;
    }
}
