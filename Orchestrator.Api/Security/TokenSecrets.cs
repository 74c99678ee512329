using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;

namespace Orchestrator.Api.Security;

/// <summary>
/// Fills Secrets of type <c>kubernetes.io/service-account-token</c> with a token of the account that they name, and takes them away where there is no such account (upstream's tokens
/// controller). The token is bound to its Secret: it is good for as long as that is there.
/// </summary>
internal sealed partial class TokenSecrets : IAsyncDisposable
{
    private const string Type = "kubernetes.io/service-account-token";
    private const string AccountName = "kubernetes.io/service-account.name";
    private const string AccountUid = "kubernetes.io/service-account.uid";

    // Upstream's never end.
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);
    private static readonly WriteContext Writer = WriteContext.System("tokens-controller");

    private readonly ResourceClient _client;
    private readonly ServiceAccountTokens _tokens;
    private readonly ILogger<TokenSecrets> _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<ResourceKey> _changed = new();
    private readonly SemaphoreSlim _hint = new(0);
    private readonly IDisposable _subscription;
    private readonly Task _running;

    public TokenSecrets(ResourceClient client, ServiceAccountTokens tokens, ILogger<TokenSecrets> log)
    {
        (_client, _tokens, _log) = (client, tokens, log);
        _subscription = Cache.Subscribe(OnChanges);
        foreach (var secret in Cache.List("secrets")) Look(secret.Key);
        _running = RunAsync();
    }

    private ResourceCache Cache => _client.Services.Cache;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _hint.Dispose();
    }

    private void OnChanges(IReadOnlyList<ResourceChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.Entry.Key.Resource == "secrets" && change.Type != ChangeType.Deleted) Look(change.Entry.Key);
            if (change.Entry.Key.Resource == "serviceaccounts" && change.Type == ChangeType.Deleted)
                foreach (var secret in Cache.List("secrets", change.Entry.Namespace)) Look(secret.Key);
        }
    }

    private void Look(ResourceKey key)
    {
        _changed.Enqueue(key);
        _hint.Release();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _hint.WaitAsync(_stop.Token);
                if (_changed.TryDequeue(out var key) && Cache.Get(key) is { } secret && secret.Json.Span.IndexOf("\"kubernetes.io/service-account-token\""u8) >= 0) await KeepAsync(secret);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task KeepAsync(ResourceEntry entry)
    {
        var secret = entry.ToJsonObject();
        if ((string?)secret["type"] != Type || entry.Header.Deleting) return;
        var annotations = secret["metadata"]?["annotations"];
        var (name, uid) = ((string?)annotations?[AccountName] ?? "", (string?)annotations?[AccountUid] ?? "");
        ResourceCommand command;
        if (Cache.Get(new ResourceKey("serviceaccounts", entry.Namespace, name)) is not { } account || (uid.Length > 0 && uid != account.Uid))
        {
            command = new DeleteResource(entry.Key, "v1", Writer, null, null, entry.Uid, null);
        }
        else
        {
            var data = secret["data"] as JsonObject ?? [];
            var authority = Encoded(_client.Services.Options.CaCertificate);
            if (uid.Length > 0 && data["token"] is not null && (string?)data["namespace"] == Encoded(entry.Namespace) && (string?)data["ca.crt"] == authority) return;
            var wanted = new JsonObject { ["namespace"] = Encoded(entry.Namespace), ["ca.crt"] = authority };
            if (data["token"] is null)
                wanted["token"] = Encoded(_tokens.Issue(new TokenRequest(entry.Namespace, name, account.Uid, [], Lifetime) { Bound = new BoundObject("Secret", entry.Name, entry.Uid) }).Token);
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["uid"] = entry.Uid, ["resourceVersion"] = $"{entry.ResourceVersion}", ["annotations"] = new JsonObject { [AccountUid] = account.Uid } },
                ["data"] = wanted,
            };
            command = new PatchResource(entry.Key, "v1", Writer, PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), "", Force: false);
        }
        // Gone or changed meanwhile: a change is another look.
        if (await _client.SendAsync(command, _stop.Token) is ResourceRefused { Status: { Code: not (404 or 409) } status }) LogRefused(_log, entry.Name, status.Message);
    }

    private static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    [LoggerMessage(Level = LogLevel.Warning, Message = "the token secret {Name} could not be kept: {Why}")]
    private static partial void LogRefused(ILogger log, string name, string why);
}
