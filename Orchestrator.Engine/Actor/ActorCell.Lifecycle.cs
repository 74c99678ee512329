namespace Orchestrator.Engine.Actor;

/// <summary>
/// Creation, restart and termination.
/// <code>
///   new ──Create──▶ Running ──failure──▶ Suspended ──Resume──▶ Running
///                      │                    ├──Recreate──▶ WaitingToRecreate ──children gone──▶ Running
///                      └──Terminate─────────┴──────────────▶ WaitingToTerminate ──children gone──▶ Closed
/// </code>
/// </summary>
internal sealed partial class ActorCell
{
    private enum Waiting : byte
    {
        None,
        ToRecreate,
        ToTerminate,
    }

    private Waiting _waiting;
    private bool _failed;
    private int _operations;
    private Queue<InstanceMessage>? _deferred;
    private Exception? _recreateCause;

    /// <summary>Lets the actor come to life; separate from the constructor so that the parent knows the child before it runs.</summary>
    internal void Start() => SendSystemMessage(new CreateMessage());

    public void Stop(IActorRef actor)
    {
        if (actor is not InternalActorRef subject)
            return;
        _children?.MarkStopping(actor);
        subject.SendSystemMessage(new TerminateMessage());
    }

    private void Handle(SystemMessage message)
    {
        try
        {
            switch (message)
            {
                case CreateMessage:
                    Create();
                    break;
                case InstanceMessage forInstance:
                    HandleForInstance(forInstance);
                    break;
                case TerminateMessage:
                    Terminate();
                    break;
                case WatchMessage watch:
                    AddWatcher(watch.Watcher);
                    break;
                case UnwatchMessage unwatch:
                    RemoveWatcher(unwatch.Watcher);
                    break;
                case DeathWatchNotification notification:
                    OnDeathWatchNotification(notification);
                    break;
                case FailedMessage failed:
                    OnChildFailed(failed);
                    break;
                case SuspendMessage:
                    Suspend();
                    break;
                case ResumeMessage resume:
                    Resume(resume.CausedByFailure);
                    break;
                case RecreateMessage recreate:
                    Recreate(recreate.Cause);
                    break;
            }
        }
        catch (Exception cause)
        {
            HandleFailure(cause);
        }
    }

    private void HandleForInstance(InstanceMessage message)
    {
        if (message is OperationCompleted { Counted: false } operation)
        {
            operation.Counted = true;
            _operations--;
            if (_waiting != Waiting.None)
            {
                ProceedWhenSettled();
                return;
            }
        }

        if (_suspensions > 0 && message is not ContinueMessage { Scope.IsAbandoned: true })
        {
            (_deferred ??= new()).Enqueue(message);
            return;
        }

        switch (message)
        {
            case ContinueMessage continuation:
                ContinueAsync(continuation);
                break;
            case AsyncHandlerCompleted completed:
                CompleteAsync(completed);
                break;
            case OperationCompleted completed when ReferenceEquals(completed.Owner, _actor):
                completed.Run();
                break;
        }
    }

    /// <summary>
    /// Announces an operation whose end comes as <see cref="OperationCompleted"/>. Until then the actor neither finishes stopping nor restarts, so that its
    /// successor never overlaps with it. Own thread only.
    /// </summary>
    internal void BeginOperation() => _operations++;

    private bool IsSettled => _operations == 0 && !(_waiting == Waiting.ToRecreate ? HasTerminatingChildren : HasChildren);

    private void ProceedWhenSettled()
    {
        if (!IsSettled)
            return;
        if (_waiting == Waiting.ToRecreate)
            FinishRecreate(_recreateCause!);
        else if (_waiting == Waiting.ToTerminate)
            FinishTerminate();
    }

    private void Create()
    {
        if (_waiting == Waiting.ToTerminate)
            return;
        try
        {
            _actor = NewActor();
            _actor.AroundPreStart();
        }
        catch (Exception cause)
        {
            var actor = _actor;
            _actor = null;
            CancelTimers();
            if (actor is not null)
                _createdBeforeFailure = actor;
            throw cause is ActorInitializationException ? cause : new ActorInitializationException(_self, $"{_props.Type.Name} could not start: {cause.Message}", cause);
        }
    }

    private ActorBase NewActor()
    {
        _constructing = this;
        try
        {
            var actor = _props.NewActor();
            if (!ReferenceEquals(actor.Cell, this))
                throw new IllegalActorStateException($"The factory of {_props.Type.Name} returned an actor that already lives elsewhere.");
            if (actor is IWithStash stashing)
                stashing.Stash = new Stash(this);
            if (actor is IWithTimers timed)
                timed.Timers = _timers = new TimerScheduler(this);
            return actor;
        }
        finally
        {
            _constructing = null;
        }
    }

    private ActorBase? _createdBeforeFailure;

    private void Suspend()
    {
        _suspensions++;
        foreach (var child in ChildRefs())
            child.SendSystemMessage(new SuspendMessage());
    }

    private void Resume(bool causedByFailure)
    {
        if (_actor is null && causedByFailure)
        {
            // There is no instance to go on with: Akka, too, makes a new one.
            Recreate(new ActorInitializationException(_self, "resumed without an instance"));
            return;
        }

        if (_suspensions > 0)
            _suspensions--;
        if (causedByFailure)
            _failed = false;
        foreach (var child in ChildRefs())
            child.SendSystemMessage(new ResumeMessage(causedByFailure: false));
        while (_suspensions == 0 && _deferred is not null && _deferred.TryDequeue(out var message))
            HandleForInstance(message);
    }

    private void Recreate(Exception cause)
    {
        if (_waiting != Waiting.None)
            return;
        AbandonAsync();
        var failed = _actor ?? _createdBeforeFailure;
        if (failed is not null)
        {
            try
            {
                failed.AroundPreRestart(cause, CurrentMessage);
            }
            catch (Exception again)
            {
                System.Log.PreRestartFailed(_self.Path, again);
            }
        }
        else
        {
            StopChildren();
        }

        ReturnStash(failed);
        _actor = null;
        _createdBeforeFailure = null;
        _currentEnvelope = null;
        _unwrapped = null;
        _deferred = null;
        CancelTimers();
        SetReceiveTimeout(null);
        HoldsMessages = false;
        _recreateCause = cause;
        _waiting = Waiting.ToRecreate;
        ProceedWhenSettled();
    }

    private void FinishRecreate(Exception cause)
    {
        _waiting = Waiting.None;
        _recreateCause = null;
        var survivors = ChildRefs();
        _failed = false;
        if (_suspensions > 0)
            _suspensions--;
        try
        {
            _actor = NewActor();
            _actor.AroundPostRestart(cause);
        }
        catch (Exception again)
        {
            CancelTimers();
            _createdBeforeFailure = _actor;
            _actor = null;
            throw new PostRestartException(_self, again, cause);
        }

        foreach (var child in survivors)
            child.SendSystemMessage(new RecreateMessage(cause));
    }

    private void Terminate()
    {
        if (_waiting == Waiting.ToTerminate)
            return;
        AbandonAsync();
        _suspensions++;
        _waiting = Waiting.ToTerminate;
        SetReceiveTimeout(null);
        UnwatchAll();
        StopChildren();
        ProceedWhenSettled();
    }

    private void FinishTerminate()
    {
        var actor = _actor ?? _createdBeforeFailure;
        _actor = null;
        _createdBeforeFailure = null;
        try
        {
            actor?.AroundPostStop();
        }
        catch (Exception cause)
        {
            System.Log.PostStopFailed(_self.Path, cause);
        }

        CancelTimers();
        ReturnStash(actor);
        CloseMailbox();
        NotifyWatchers();
        _parent?.SendSystemMessage(new DeathWatchNotification(_self, ExistenceConfirmed: true));
        _currentEnvelope = null;
    }

    /// <summary>Back into the mailbox: at a restart to be processed, at a stop to become dead letters.</summary>
    private static void ReturnStash(ActorBase? actor)
    {
        if (actor is IWithStash { Stash: Stash stash })
            stash.UnstashAll();
    }
}
