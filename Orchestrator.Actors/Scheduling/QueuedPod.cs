using System.Globalization;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>A pod in the queue.</summary>
public sealed class QueuedPod
{
    internal QueuedPod(PodInfo pod, DateTimeOffset since, long order) => (Pod, Since, Order) = (pod, since, order);

    /// <summary>The pod as it is now.</summary>
    public PodInfo Pod { get; internal set; }

    /// <summary>When it came.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>Counts pods as they come.</summary>
    public long Order { get; }

    /// <summary>How often it has been tried.</summary>
    public int Attempts { get; internal set; }

    internal QueuePlace Place { get; set; }

    /// <summary>What it waits for, for people.</summary>
    internal string Waits(IEnumerable<PodSchedulingGate> gates, DateTimeOffset now) => Place switch
    {
        QueuePlace.Gated => $"it waits until its scheduling gates are removed: {string.Join(", ", gates.Select(g => g.Name))}",
        QueuePlace.BackingOff => string.Create(CultureInfo.InvariantCulture, $"it is tried again after a back-off, at the latest in {Math.Max(0, Math.Ceiling((BackoffUntil - now).TotalSeconds))} s"),
        QueuePlace.Unschedulable => RefusedBy.Count == 0
            ? "it is tried again when there is a node"
            : $"it is tried again when something changes that may help {string.Join(", ", RefusedBy.Select(p => p.Name))}",
        _ => "it is next to be placed",
    };

    /// <summary>The plugins that refused it, while it is parked; empty where there was no node to ask.</summary>
    internal List<IFilterPlugin> RefusedBy { get; } = [];

    internal DateTimeOffset BackoffUntil { get; set; }

    /// <summary>Counts moves: an alarm with an older number is overtaken.</summary>
    internal int Ticket { get; set; }

    /// <summary>The changes it is parked for.</summary>
    internal ClusterChange HelpedBy { get; set; }
}

internal enum QueuePlace
{
    Active,
    Trying,
    BackingOff,
    Unschedulable,
    Gated,
}
