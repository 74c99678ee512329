using System.Globalization;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote;

/// <summary>An actor of another system.</summary>
internal sealed class RemoteActorRef : InternalActorRef
{
    private readonly Association _association;

    public RemoteActorRef(Association association, string name)
        : base(PathOf(association, name))
    {
        _association = association;
        WireForm = name;
    }

    internal override ActorSystem System => _association.System;

    /// <summary>What the other system calls it.</summary>
    internal override string WireForm { get; }

    internal override bool IsIdentifiedByPath => true;

    /// <summary>Address and name: what any system understands.</summary>
    internal string FullName => field ??= $"{_association.Remote}{WireForm}";

    internal Association Association => _association;

    public override void Tell(object message, IActorRef? sender)
    {
        ArgumentNullException.ThrowIfNull(message);
        _association.Send(message, sender, this);
    }

    internal override void SendSystemMessage(SystemMessage message)
    {
        switch (message)
        {
            case WatchMessage watch:
                _association.Watch(this, watch.Watcher);
                break;
            case UnwatchMessage unwatch:
                _association.Unwatch(this, unwatch.Watcher);
                break;
            case TerminateMessage:
                _association.Send(PoisonPill.Instance, null, this);
                break;
        }
    }

    private static ActorPath PathOf(Association association, string name)
    {
        if (name.StartsWith(TemporaryActorRef.Prefix, StringComparison.Ordinal))
            return association.TemporaryPath.Child(name[TemporaryActorRef.Prefix.Length..]);
        var hash = name.LastIndexOf('#');
        var uid = hash < 0 ? 0 : long.Parse(name.AsSpan(hash + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        var local = hash < 0 ? name : name[..hash];
        var path = association.RootPath;
        var last = local.LastIndexOf('/');
        foreach (var range in local.AsSpan().Split('/'))
        {
            var length = range.End.Value - range.Start.Value;
            if (length > 0)
                path = path.Child(local[range], range.Start.Value > last ? uid : 0);
        }

        return path;
    }
}
