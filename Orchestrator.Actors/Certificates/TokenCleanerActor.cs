using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Certificates;

/// <summary>Deletes bootstrap tokens when they end (upstream's token cleaner): one timer, for the one that ends next.</summary>
public sealed class TokenCleanerActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Retry = TimeSpan.FromMinutes(1);

    private readonly ControlPlaneServices _services;
    private IDisposable? _subscription;

    /// <param name="services">Shared services.</param>
    public TokenCleanerActor(ControlPlaneServices services)
    {
        _services = services;
        Receive<Look>(_ => OnLook());
        Receive<ResourceWritten>(_ => { });
        Receive<ResourceRefused>(_ => { }); // gone already, or changed: its change makes another look
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        _subscription = _services.Cache.Subscribe(changes =>
        {
            if (changes.Any(c => IsToken(c.Entry))) self.Tell(Look.Instance, self);
        });
        self.Tell(Look.Instance, self);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _subscription?.Dispose();

    private void OnLook()
    {
        var now = _services.Time.GetUtcNow();
        var kind = _services.Catalog.Get("secrets");
        DateTimeOffset? next = null;
        foreach (var entry in _services.Cache.List("secrets", BootstrapToken.Namespace).Where(IsToken))
        {
            if (BootstrapToken.From(entry.Read<Secret>())?.Expires is not { } end) continue;
            if (end <= now) _services.Region.Tell(new DeleteResource(entry.Key, kind.ApiVersion, WriteContext.System("token-cleaner"), null, "Background", entry.Uid, null), Self);
            var at = end <= now ? now + Retry : end;
            if (next is null || at < next) next = at;
        }
        if (next is { } due) Timers.StartSingleTimer(nameof(Look), Look.Instance, due - now);
        else Timers.Cancel(nameof(Look));
    }

    private static bool IsToken(ResourceEntry entry) =>
        entry.Key is { Resource: "secrets", Namespace: BootstrapToken.Namespace } && entry.Name.StartsWith(BootstrapToken.NamePrefix, StringComparison.Ordinal);

    private sealed record Look
    {
        public static Look Instance { get; } = new();
    }
}
