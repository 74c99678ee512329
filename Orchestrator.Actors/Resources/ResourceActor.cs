using System.Text.Json.Nodes;
using Orchestrator.Actors.Admission;
using Orchestrator.Actors.Caching;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Sharding;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Apply;
using Orchestrator.Resources.Conversion;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Schema;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Resources;

/// <summary>
/// The actor of one API object and its only writer. Decides every command on the object as it is (pure rules of
/// <c>Orchestrator.Resources.Writing</c>), persists the whole object as one event, answers after the commit. Kinds with a control loop
/// derive from <see cref="ControlLoopActor"/>, kinds with commands of their own from this class.
/// </summary>
public class ResourceActor : ReceivePersistentActor
{
    /// <param name="key">The object, whether or not it exists.</param>
    /// <param name="services">Shared services.</param>
    public ResourceActor(ResourceKey key, ControlPlaneServices services)
    {
        Key = key;
        Services = services;

        Recover<JournalRow>(_ => { }); // the cache has it: see Recovery
        Command<ResourceCommand>(OnCommand);
        Command<Wake>(_ => OnWake());
        Command<Idle>(_ => OnIdle());
    }

    /// <summary>The object's key in its text form.</summary>
    public sealed override string PersistenceId => Key.ToString();

    /// <summary>Which object.</summary>
    protected ResourceKey Key { get; }

    /// <summary>Its kind as it is stored; a custom kind may change or go at any time. Throws 404 where it is not served any more.</summary>
    protected ResourceKind Kind => Services.Catalog.FindByGroupResource(Key.Resource)
        ?? throw new ApiStatus(404, "NotFound", "the server could not find the requested resource").AsException();

    /// <summary>Shared services.</summary>
    protected ControlPlaneServices Services { get; }

    /// <summary>The read model.</summary>
    protected ResourceCache Cache => Services.Cache;

    /// <summary>The object as stored, or null. The actor is the only writer and is answered after the fold, so the cache is never behind it.</summary>
    protected ResourceEntry? Current => Cache.Get(Key);

    /// <summary>The whole object is one row, and the read model has it: recovery reads no database.</summary>
    protected override Recovery Recovery => Recovery.Latest(_ =>
    {
        var last = Cache.LastSequenceNr(Key);
        return ValueTask.FromResult(last == 0 ? null : new JournalRow(0, PersistenceId, last, ResourceEvent.Update, default, default));
    });

    /// <summary>After a commit, before the client is answered. Either side is null where the object did not exist before, or does not any more.</summary>
    protected virtual void OnCommitted(ResourceEntry? before, ResourceEntry? after) { }

    /// <summary>Whether the actor leaves memory as soon as it has answered and nothing else waits: it does where it only holds what the journal holds.</summary>
    protected virtual bool LeavesAtOnce => GetType() == typeof(ResourceActor);

    /// <summary>Whether the actor may leave memory when nobody has asked it anything for a while: not while it has something to do by itself.</summary>
    protected virtual bool MayPassivate => true;

    /// <summary>Something this object depends on may have changed. Objects without a control loop have nothing to do.</summary>
    protected virtual void OnWake() { }

    /// <summary>
    /// Last say before a decided object is stored: kinds that need something from elsewhere (addresses) may amend <paramref name="obj"/> (<paramref name="old"/> reads what is stored) and call
    /// <paramref name="proceed"/> later, or answer with a refusal. Commands wait meanwhile only if the override stashes them.
    /// </summary>
    protected virtual void BeforePut(JsonObject obj, Func<JsonObject?> old, WriteContext context, Action<ApiStatus?> proceed) => proceed(null);

    /// <summary>The stored object without its resourceVersion, as a DOM of one's own.</summary>
    protected JsonObject CurrentObject()
    {
        var obj = Current!.ToJsonObject();
        ObjectMeta.Of(obj).Remove("resourceVersion");
        return obj;
    }

    /// <summary>Runs a handler and turns a <see cref="StatusException"/> into the refusal it is.</summary>
    protected void Handle<TCommand>(TCommand command, Action<TCommand> handler) where TCommand : ResourceCommand
    {
        try
        {
            handler(command);
        }
        catch (StatusException refusal)
        {
            Refuse(Sender, refusal.Status);
        }
    }

    /// <summary>Stores a decision and answers <see cref="ActorBase.Sender"/>.</summary>
    protected void Commit(WriteDecision decision, WriteContext context)
    {
        var sender = Sender;
        Commit(decision, context, answer => sender.Tell(answer, Self));
    }

    /// <summary>The reply of a write that nobody waits for: no question is asked for it either (loops write their status at every look, mostly unchanged).</summary>
    protected static Action<ResourceReply> Nobody { get; } = _ => { };

    /// <summary>Refuses a command of <paramref name="asker"/>'s for what the object is.</summary>
    protected void Refuse(IActorRef asker, ApiStatus status) => TellUnwritten(new ResourceRefused(Key, status), answer => asker.Tell(answer, Self));

    /// <summary>
    /// Answers without having written anything, which no fence guards: a member that stood still and was replaced meanwhile would tell what the object no longer is. Where others write the
    /// journal, too, the answer waits until all that was committed by now is known here, and is only given where nobody else has written the object.
    /// </summary>
    private void TellUnwritten(ResourceReply answer, Action<ResourceReply> reply)
    {
        if (ReferenceEquals(reply, Nobody)) return;
        if (Services.CaughtUp is { } caughtUp) _ = TellWhenCaughtUpAsync();
        else reply(answer);

        async Task TellWhenCaughtUpAsync()
        {
            bool holds;
            try
            {
                await caughtUp(CancellationToken.None);
                holds = Cache.LastSequenceNr(Key) <= NewestSequenceNr;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                holds = false; // the journal cannot say
            }
            reply(holds ? answer : new ResourceRefused(Key, RefusedWrite.Moved));
        }
    }

    /// <summary>
    /// Stores a decision; <paramref name="reply"/> is called once, after the commit. Where nothing is to be written it may be called on another thread, when it is certain that the answer holds.
    /// </summary>
    protected void Commit(WriteDecision decision, WriteContext context, Action<ResourceReply> reply)
    {
        switch (decision)
        {
            case WriteDecision.Refuse refuse:
                TellUnwritten(new ResourceRefused(Key, refuse.Status), reply);
                break;
            case WriteDecision.Unchanged:
                TellUnwritten(Written(Current!, created: false, []), reply);
                break;
            case WriteDecision.Put put:
                Track(put, context);
                BeforePut(put.Object, () => Current is null ? null : CurrentObject(), context, refusal =>
                {
                    if (refusal is not null) TellUnwritten(new ResourceRefused(Key, refusal), reply);
                    else Put(put, context, reply);
                });
                break;
            case WriteDecision.Remove remove:
                Remove(remove.Last, context, reply);
                break;
        }
    }

    /// <summary>
    /// Stores the object with another spec and status (null for as it is), the rest byte for byte as it was: a write that costs what it changes. Answers through <paramref name="reply"/>,
    /// after the commit. False where the object cannot be written like that, and nothing was done.
    /// </summary>
    /// <param name="spec">The whole spec, canonical.</param>
    /// <param name="status">The whole status.</param>
    /// <param name="track">As <see cref="WriteDecision.Put.Track"/>; only what changes in the status is noted.</param>
    /// <param name="context">Who writes.</param>
    /// <param name="reply">Gets the answer; as for <see cref="Commit(WriteDecision, WriteContext, Action{ResourceReply})"/>.</param>
    protected bool CommitParts(byte[]? spec, JsonObject? status, string? track, WriteContext context, Action<ResourceReply> reply)
    {
        var (kind, before) = (Kind, Current!);
        if (kind.Conversion is not null || Services.Catalog.HasSeveralVersions(kind) || StoredParts.Find(before.Json.Span) is not { } parts) return false;
        var type = SchemaCatalog.Default.Find(kind.SchemaName);
        var bytes = parts.With(before.Json.Span, spec, status is null ? null : CanonicalJson.WritePart(status, type, "status"), managed => track is null || status is null
            ? null
            : FieldManager.TrackPart(kind, type, "status", parts.StatusOf(before.Json.Span), status, managed.Span, context.FieldManager, track, Services.Time.GetUtcNow()));
        if (bytes is null) TellUnwritten(Written(before, created: false, []), reply);
        else if (context.DryRun) TellUnwritten(new ResourceWritten(Key, ResourceVersionSplice.Insert(bytes, before.ResourceVersion), null, before.ResourceVersion, false, []), reply);
        else Store(bytes, created: false, [], reply);
        return true;
    }

    /// <summary>Leaves memory; the shard starts the actor again for the next message.</summary>
    protected void Passivate() => Context.Parent.Tell(new Passivate(PoisonPill.Instance), Self);

    /// <summary>A command that failed in a way nobody foresaw has changed nothing: its sender is told so at once, and need not wait for an answer until it gives up.</summary>
    protected override void PreRestart(Exception reason, object? message)
    {
        if (message is ResourceCommand) Sender.Tell(new ResourceRefused(Key, ApiStatus.InternalError(reason.Message)), Self);
        base.PreRestart(reason, message);
    }

    /// <summary>The journal did not take the write: who waits for it is told what is known of it.</summary>
    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
        if (@event is AnsweredEvent { Reply: var reply }) reply(new ResourceRefused(Key, RefusedWrite.Status(cause)));
    }

    private void OnIdle()
    {
        if (MayPassivate) Passivate();
    }

    /// <summary>One handler for the commands of every object, because there is an actor for every object: each handler costs it memory.</summary>
    private bool OnCommand(ResourceCommand command)
    {
        try
        {
            switch (command)
            {
                case CreateResource create: OnCreate(create); break;
                case UpdateResource or PatchResource: OnChange(command); break;
                case StoreDecided decided: OnStoreDecided(decided); break;
                case DeleteResource delete: OnDelete(delete); break;
                default: return false; // a command of the kind's own
            }
        }
        catch (StatusException refusal)
        {
            Refuse(Sender, refusal.Status);
        }
        catch (ConversionElsewhereException)
        {
            Refuse(Sender, Outdated("its managers know it in other versions"));
        }
        return true;
    }

    private void OnCreate(CreateResource command)
    {
        if (Current is not null)
        {
            Refuse(Sender, ApiStatus.AlreadyExists(Kind.GroupResource, Key.Name));
            return;
        }
        NamespaceLifecycle.Check(Kind, Key.Namespace, Key.Name, Cache);
        CreateRules.Stamp(command.Object, Services.NewUid(), Services.Time.GetUtcNow());
        Commit(new WriteDecision.Put(command.Object, Created: true) { Track = "", As = KindOf(command) }, command.Context);
    }

    private void OnChange(ResourceCommand command)
    {
        var kind = KindOf(command);
        if (Current is null && command is PatchResource { Type: PatchType.Apply, Subresource: "" } apply)
        {
            OnApplyNew(kind, apply);
            return;
        }
        var change = ObjectChange.Of(kind, command, Versioned(kind, Existing()), Current!.ResourceVersion, Services.Time.GetUtcNow(), new KindVersions(Services.Catalog));
        Commit(change.Decide(), command.Context);
    }

    private void OnApplyNew(ResourceKind kind, PatchResource command)
    {
        var warnings = new List<string>();
        var made = ObjectChange.New(kind, command, Services.Time.GetUtcNow(), warnings);
        var create = ResourceWriter.PrepareCreate(Services, kind, Key.Namespace, made, command.Context);
        CreateRules.Stamp(create.Object, Services.NewUid(), Services.Time.GetUtcNow());
        Commit(new WriteDecision.Put(create.Object, Created: true) { Warnings = warnings, As = kind }, command.Context);
    }

    private void OnStoreDecided(StoreDecided command)
    {
        if ((Current?.ResourceVersion ?? 0) != command.Base)
        {
            Sender.Tell(new ResourceRefused(Key, Outdated("the object has changed since")), Self);
            return;
        }
        var kind = KindOf(command);
        if (command.Base == 0)
        {
            NamespaceLifecycle.Check(kind, Key.Namespace, Key.Name, Cache);
            // What a webhook has converted has been stamped before, since it may not change who the object is.
            if (ObjectMeta.Get(command.Object, "uid").Length == 0) CreateRules.Stamp(command.Object, Services.NewUid(), Services.Time.GetUtcNow());
        }
        Commit(command.Removes
            ? new WriteDecision.Remove(command.Object)
            : new WriteDecision.Put(command.Object, Created: command.Base == 0) { Track = command.Track, As = kind }, command.Context);
    }

    private void OnDelete(DeleteResource command)
    {
        var old = Existing();
        Undeletable.Check(Kind, Key.Name);
        var options = new DeleteRules.Options(command.GracePeriodSeconds, command.Propagation, command.PreconditionUid, command.PreconditionResourceVersion);
        Commit(DeleteRules.Decide(Kind, old, Current!.ResourceVersion, options, Services.Time.GetUtcNow()), command.Context);
    }

    /// <summary>As <see cref="CurrentObject"/>. Throws 404 where there is none.</summary>
    protected JsonObject Existing() =>
        Current is null ? throw ApiStatus.NotFound(Kind.GroupResource, Key.Name).AsException() : CurrentObject();

    /// <summary>The object in a command's version. An actor asks no webhook: a command that would need one is told that it is outdated, and comes again as a decision.</summary>
    private JsonObject Versioned(ResourceKind kind, JsonObject stored)
    {
        if (kind.Conversion is null) return stored;
        if (kind.Conversion.Webhook is not null && (string?)stored["apiVersion"] != kind.ApiVersion) throw Outdated("it is stored in another version").AsException();
        return kind.Conversion.FromStored(stored);
    }

    /// <summary>An object of a decision as it is stored: in the kind's stored version, or, where only a webhook converts, in the version it is stored in already.</summary>
    private JsonObject Stored(ResourceKind? version, JsonObject obj)
    {
        if (version?.Conversion is not { } conversion) return obj;
        if (conversion.Webhook is null) return conversion.ToStored(obj);
        var own = (string?)obj["apiVersion"] ?? "";
        if (own == Kind.ApiVersion || (Current is { } entry && Extensions.ObjectVersions.Of(entry.Json.Span) == own)) return obj;
        throw Outdated("it is to be stored in another version").AsException();
    }

    private ApiStatus Outdated(string why) => ApiStatus.Conflict(Kind.GroupResource, Key.Name, why) with { Reason = StoreDecided.Outdated };

    /// <summary>The kind in the version that a command speaks; the object is decided on in that version and stored in the kind's own.</summary>
    private ResourceKind KindOf(ResourceCommand command) => Services.Catalog.InVersion(Kind, command.ApiVersion);

    private void Track(WriteDecision.Put put, WriteContext context)
    {
        if (put.Track is not { } subresource || context.FieldManager.Length == 0) return;
        var kind = put.As ?? Kind;
        var live = Current is null ? null : Versioned(kind, CurrentObject());
        FieldManager.Track(kind, SchemaCatalog.Default.Find(kind.SchemaName), live, put.Object, context.FieldManager, subresource, Services.Time.GetUtcNow(), new KindVersions(Services.Catalog));
    }

    private void Put(WriteDecision.Put put, WriteContext context, Action<ResourceReply> reply)
    {
        var before = Current;
        var bytes = CanonicalJson.Write(Stored(put.As, put.Object), SchemaCatalog.Default.Find(Kind.SchemaName));
        if (before is not null && ResourceVersionSplice.Remove(before.Json.Span).AsSpan().SequenceEqual(bytes))
        {
            TellUnwritten(Written(before, created: false, put.Warnings), reply);
            return;
        }
        if (context.DryRun)
        {
            var preview = before is null ? bytes : ResourceVersionSplice.Insert(bytes, before.ResourceVersion);
            TellUnwritten(new ResourceWritten(Key, preview, null, before?.ResourceVersion ?? 0, put.Created, put.Warnings), reply);
            return;
        }
        Store(bytes, put.Created, put.Warnings, reply);
    }

    private void Store(byte[] bytes, bool created, IReadOnlyList<string> warnings, Action<ResourceReply> reply)
    {
        var before = Current;
        var payload = Services.Sealer.Seal(Key.Resource, PersistenceId, bytes);
        Persist(new AnsweredEvent(new ResourceEvent(created ? ResourceEvent.Create : ResourceEvent.Update, payload), reply), _ =>
        {
            // A member that stood still between the commit and this turn, and was replaced meanwhile, may see what others have made of the object since.
            var (after, ordering) = (Current, LastOrdering);
            OnCommitted(before, after);
            reply(after?.ResourceVersion == ordering
                ? Written(after, created, warnings)
                : new ResourceWritten(Key, ResourceVersionSplice.Insert(bytes, ordering), null, ordering, created, warnings));
            if (LeavesAtOnce) Context.PassivateIfIdle();
        });
    }

    private void Remove(JsonObject last, WriteContext context, Action<ResourceReply> reply)
    {
        var before = Current!;
        var bytes = CanonicalJson.Write(last, SchemaCatalog.Default.Find(Kind.SchemaName));
        if (context.DryRun)
        {
            TellUnwritten(new ResourceWritten(Key, null, ResourceVersionSplice.Insert(bytes, before.ResourceVersion), before.ResourceVersion, false, []), reply);
            return;
        }
        Persist(new AnsweredEvent(new ResourceEvent(ResourceEvent.Delete, Services.Sealer.Seal(Key.Resource, PersistenceId, bytes)), reply), _ =>
        {
            OnCommitted(before, null);
            reply(new ResourceWritten(Key, null, ResourceVersionSplice.Insert(bytes, LastOrdering), LastOrdering, false, []));
            if (Current is null) Passivate();
        });
    }

    private ResourceWritten Written(ResourceEntry entry, bool created, IReadOnlyList<string> warnings) =>
        new(Key, entry.Json, null, entry.ResourceVersion, created, warnings);

    /// <summary>An event and who is to hear what became of it.</summary>
    private sealed record AnsweredEvent(ResourceEvent Event, Action<ResourceReply> Reply) : IJournalEvent
    {
        public string Operation => Event.Operation;

        public ReadOnlyMemory<byte> Payload => Event.Payload;
    }
}
