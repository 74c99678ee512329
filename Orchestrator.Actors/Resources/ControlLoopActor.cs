using System.Text.Json.Nodes;
using Orchestrator.Actors.Admission;
using Orchestrator.Actors.Caching;
using Orchestrator.Actors.Events;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Resources;

/// <summary>
/// An object's actor that is also its control loop. Level-triggered: <see cref="Reconcile"/> looks at the cache and says what is missing. It runs
/// after every own commit, on every <see cref="Wake"/>, when its timer is due, and when the commands it sent are answered; never while some
/// are in flight, so that it never acts twice on a picture that lacks its own writes (Kubernetes' expectations, without the counters).
/// </summary>
/// <remarks>
/// <code>
///            wake / commit / timer             Send(n)
///   Idle ───────────────────────► Reconcile ───────────► Waiting(n) ── n replies ──► Idle, or Reconcile again where a wake came meanwhile
/// </code>
/// </remarks>
public abstract class ControlLoopActor : ResourceActor, IWithTimers
{
    private static readonly TimeSpan ReplyDeadline = TimeSpan.FromSeconds(30);

    private readonly WriteContext _context;
    private int _inFlight;
    private bool _wakePending;
    private bool _reconcileDue;

    /// <param name="key">The object.</param>
    /// <param name="services">Shared services.</param>
    /// <param name="component">Name of the loop as event source and field manager, e.g. <c>deployment-controller</c>.</param>
    protected ControlLoopActor(ResourceKey key, ControlPlaneServices services, string component) : base(key, services)
    {
        Component = component;
        _context = WriteContext.System(component);
        Command<ReconcileNow>(_ => RunReconcile());
        Command<RepliesOverdue>(_ => { _inFlight = 0; WakeUp(); });
        Command<ResourceWritten>(written =>
        {
            OnWritten(written);
            OnReply();
        });
        Command<ResourceRefused>(refused =>
        {
            OnRefused(refused);
            OnReply();
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Event source and field manager.</summary>
    protected string Component { get; }

    /// <summary>The loop's write context.</summary>
    protected WriteContext Writer => _context;

    /// <inheritdoc/>
    /// <remarks>A timer lives only as long as the actor is in memory.</remarks>
    protected override bool MayPassivate => !_reconcileDue && !_wakePending && _inFlight == 0;

    /// <summary>Makes the world like the object, one step at a time; called with <see cref="ResourceActor.Current"/> not null. Must not block.</summary>
    protected abstract void Reconcile();

    /// <summary>Clears up after an object that is not there any more, where its dependents do not name it as their owner; must be safe to repeat.</summary>
    protected virtual void ReconcileGone() { }

    /// <summary>A command of this loop is done; the loop runs again afterwards.</summary>
    protected virtual void OnWritten(ResourceWritten written) { }

    /// <summary>A command of this loop was refused; the loop runs again afterwards. Not found and already exists need nothing: the next look tells.</summary>
    protected virtual void OnRefused(ResourceRefused refused) { }

    /// <summary>Sends a command to another object's actor.</summary>
    protected void Send(ResourceCommand command)
    {
        Expect();
        if (AdmittedWrites.Needs(Services, command)) _ = AdmitAsync(client => AdmittedWrites.SendAsync(client, command, AdmittedWrites.UserOf(_context), []));
        else Services.Region.Tell(command, Self);
    }

    /// <summary>Creates an object, defaulted, admitted and validated as one from a client. A refusal reaches <see cref="OnRefused"/>.</summary>
    protected void SendCreate(ResourceKind kind, string ns, JsonObject obj)
    {
        try
        {
            if (AdmittedWrites.Needs(Services, kind, obj))
            {
                Expect();
                _ = AdmitAsync(client => AdmittedWrites.CreateAsync(client, kind, ns, obj, _context, AdmittedWrites.UserOf(_context), []));
                return;
            }
            var command = ResourceWriter.PrepareCreate(Services, kind, ns, obj, _context);
            Expect();
            Services.Region.Tell(command, Self);
        }
        catch (StatusException refusal)
        {
            _inFlight++;
            Self.Tell(new ResourceRefused(kind.Key(ns, ObjectMeta.Get(obj, "name")), refusal.Status), Self);
        }
    }

    /// <summary>
    /// Creates several objects that differ in their names alone. They are defaulted, admitted and validated once: what is decided on one of them at one moment is decided on all.
    /// </summary>
    protected void SendCreates(ResourceKind kind, string ns, JsonObject template, IReadOnlyList<string> names)
    {
        CreateResource? prepared = null;
        foreach (var name in names)
        {
            if (prepared is not null)
            {
                Expect();
                Services.Region.Tell(prepared.As(kind.Key(ns, name)), Self);
                continue;
            }
            var first = template.DeepClone().AsObject();
            ObjectMeta.Of(first)["name"] = name;
            if (names.Count > 1 && !AdmittedWrites.Needs(Services, kind, first) && TryPrepare(kind, ns, first) is { } command)
            {
                // The pattern itself is not sent: its actor would change it.
                prepared = command;
                Expect();
                Services.Region.Tell(command.As(command.Key), Self);
            }
            else
            {
                SendCreate(kind, ns, first);
            }
        }
    }

    /// <summary>Null where it is refused: to be sent one by one, each with its refusal.</summary>
    private CreateResource? TryPrepare(ResourceKind kind, string ns, JsonObject obj)
    {
        try
        {
            return ResourceWriter.PrepareCreate(Services, kind, ns, obj.DeepClone().AsObject(), _context);
        }
        catch (StatusException)
        {
            return null;
        }
    }

    /// <summary>Merge-patches another object.</summary>
    protected void SendPatch(ResourceKind kind, ResourceKey target, JsonObject mergePatch, string subresource = "") =>
        Send(new PatchResource(target, kind.ApiVersion, _context, PatchType.Merge, System.Text.Encoding.UTF8.GetBytes(mergePatch.ToJsonString()), subresource, false));

    /// <summary>Deletes another object, if it still is the one with this uid.</summary>
    protected void SendDelete(ResourceKind kind, ResourceKey target, string uid, string? propagation = "Background") =>
        Send(new DeleteResource(target, kind.ApiVersion, _context, null, propagation, uid, null));

    /// <summary>Stores the object's own status where it differs.</summary>
    protected void WriteStatus(JsonObject status)
    {
        if (!Current!.Header.Deleting && CommitParts(null, status, "status", _context, Nobody)) return;
        var obj = CurrentObject();
        if (JsonNode.DeepEquals(obj["status"], status)) return;
        obj["status"] = status;
        WriteSelf(obj);
    }

    /// <summary>Stores the object itself, changed by its own loop (annotations, finalizers, status) where it differs; generation and deletion rules apply.</summary>
    protected void WriteSelf(JsonObject changed)
    {
        var old = CurrentObject();
        if (Kind.HasGeneration && Kind.Strategy.ChangesGeneration(changed, old)) ObjectMeta.RaiseGeneration(changed);
        var gone = ObjectMeta.IsDeleting(changed) && DeleteRules.IsFinalized(Kind, changed);
        Commit(gone ? new WriteDecision.Remove(changed) : new WriteDecision.Put(changed, Created: false) { Track = "status" }, _context, Nobody);
    }

    /// <summary>Runs the loop again after a while; the sooner of two requests wins only if it comes last: one timer.</summary>
    protected void ReconcileAfter(TimeSpan delay)
    {
        _reconcileDue = true;
        Timers.StartSingleTimer(nameof(ReconcileNow), ReconcileNow.Instance, delay);
    }

    /// <summary>Records a Kubernetes event about this object. Type is Normal or Warning.</summary>
    protected void Record(string type, string reason, string message)
    {
        if (Current is { } entry) Services.Events.Tell(RecordEvent.About(entry, type, reason, message, Component), Self);
    }

    /// <summary>
    /// A look that was due, or an answer that was awaited, must not be lost when the actor leaves memory (a create may come between the removal of its
    /// namesake and the stop): the region starts it again for this wake.
    /// </summary>
    protected override void PostStop()
    {
        if (_wakePending || _inFlight > 0) Services.Region.Tell(new ToEntity(Key, Wake.Up), ActorRefs.NoSender);
        base.PostStop();
    }

    /// <inheritdoc/>
    protected override void OnCommitted(ResourceEntry? before, ResourceEntry? after) => WakeUp();

    /// <inheritdoc/>
    protected sealed override void OnWake() => WakeUp();

    private void Expect()
    {
        _inFlight++;
        Timers.StartSingleTimer(nameof(RepliesOverdue), RepliesOverdue.Instance, ReplyDeadline);
    }

    /// <summary>Webhooks are asked beside the mailbox; the answer comes into it like an actor's.</summary>
    private async Task AdmitAsync(Func<ResourceClient, Task<ResourceReply>> write)
    {
        var (self, client) = (Self, new ResourceClient(Services));
        await Task.Yield();
        try
        {
            self.Tell(await write(client), self);
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            self.Tell(new ResourceRefused(Key, ApiStatus.InternalError(defect.Message)), self);
        }
    }

    private void WakeUp()
    {
        // With commands in flight, the last reply wakes the loop anyway.
        if (_inFlight > 0 || _wakePending) return;
        _wakePending = true;
        Self.Tell(ReconcileNow.Instance, Self);
    }

    private void RunReconcile()
    {
        _wakePending = false;
        _reconcileDue = false;
        if (_inFlight > 0) return;
        if (Current is not null) Reconcile();
        else ReconcileGone();
    }

    private void OnReply()
    {
        if (_inFlight == 0) return; // answered after its deadline
        if (--_inFlight > 0) return;
        Timers.Cancel(nameof(RepliesOverdue));
        WakeUp();
    }

    private sealed record ReconcileNow
    {
        public static ReconcileNow Instance { get; } = new();
    }

    private sealed record RepliesOverdue
    {
        public static RepliesOverdue Instance { get; } = new();
    }
}
