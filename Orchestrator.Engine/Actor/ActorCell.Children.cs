namespace Orchestrator.Engine.Actor;

/// <summary>Children and their supervision.</summary>
internal sealed partial class ActorCell
{
    private ChildrenContainer? _children;

    private bool HasChildren => _children is { IsEmpty: false };

    private bool HasTerminatingChildren => _children is { HasStopping: true };

    public IActorRef ActorOf(Props props, string? name = null)
    {
        if (name is not null && !ActorPath.IsValidName(name))
            throw new InvalidActorNameException($"\"{name}\" is no valid actor name: use letters, digits and URI path characters, not starting with $.");
        if (_waiting == Waiting.ToTerminate || IsTerminated)
            throw new IllegalActorStateException($"{_self} is stopping and cannot create children.");
        var children = _children;
        if (children is null)
        {
            Interlocked.CompareExchange(ref _children, new ChildrenContainer(), null);
            children = _children;
        }

        var child = children.Add(this, props, name);

        // A guardian's children are created from any thread, also while it stops: nobody else would stop this one.
        if (_waiting == Waiting.ToTerminate || IsTerminated)
            child.SendSystemMessage(new TerminateMessage());
        return child;
    }

    public IActorRef Child(string name) => _children?.Find(name)?.Child ?? ActorRefs.Nobody;

    public IReadOnlyCollection<IActorRef> GetChildren() => ChildRefs();

    internal InternalActorRef[] ChildRefs() => _children?.Refs() ?? [];

    private void StopChildren() => _children?.StopAll(close: _waiting == Waiting.ToTerminate);

    private void HandleFailure(Exception cause)
    {
        if (_failed || _waiting == Waiting.ToTerminate)
        {
            System.Log.FailedAgain(_self.Path, cause);
            return;
        }

        _failed = true;
        _suspensions++;
        foreach (var child in ChildRefs())
            child.SendSystemMessage(new SuspendMessage());
        if (_parent is null)
            Terminate();
        else
            _parent.SendSystemMessage(new FailedMessage(_self, cause));
    }

    private void OnChildFailed(FailedMessage failed)
    {
        var stats = _children?.Find(failed.Child.Path.Name);
        if (stats is null || !stats.Child.Equals(failed.Child) || _waiting == Waiting.ToTerminate)
            return;
        _actor?.ChildFailed(failed.Child);
        var strategy = _strategyOverride ?? _actor?.SupervisorStrategy() ?? SupervisorStrategy.DefaultStrategy;
        if (!strategy.HandleFailure(this, failed.Child, failed.Cause, stats, _children!.All()))
            throw failed.Cause;
    }

    private void RemoveChild(IActorRef child)
    {
        if (_children is null || !_children.Remove(child))
            return;
        if (_waiting == Waiting.None)
            _actor?.ChildStopped(child);
        else
            ProceedWhenSettled();
    }
}
