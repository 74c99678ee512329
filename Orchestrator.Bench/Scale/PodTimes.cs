using Orchestrator.Actors.Caching;

namespace Orchestrator.Bench.Scale;

/// <summary>When pods of one namespace were first seen, bound and Running, taken from the fold. Called on the folding thread; read when it is over.</summary>
internal sealed class PodTimes : IDisposable
{
    private readonly Dictionary<string, Times> _pods = new(StringComparer.Ordinal);
    private readonly string _namespace;
    private readonly int _goal;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(long At, TimeSpan Processor)> _marks = [];
    private readonly IDisposable _subscription;
    private int _running;

    /// <param name="cache">Of the cluster.</param>
    /// <param name="ns">The pods' namespace.</param>
    /// <param name="goal">How many pods are awaited.</param>
    public PodTimes(ResourceCache cache, string ns, int goal)
    {
        (_namespace, _goal) = (ns, goal);
        _subscription = cache.Subscribe(OnChanges);
        Mark();
    }

    /// <summary>Completes when the goal is Running.</summary>
    public Task Done => _done.Task;

    /// <summary>How many are Running.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>How many were seen, and how many of them are bound.</summary>
    public (int Seen, int Bound) Counts => (_pods.Count, _pods.Values.Count(p => p.Bound != 0));

    /// <summary>Time and processor time of the process at the start and at each tenth of the goal.</summary>
    public IReadOnlyList<(long At, TimeSpan Processor)> Marks => _marks;

    /// <summary>Stamps (<see cref="TimeProvider.GetTimestamp"/>) by the pods' names.</summary>
    public IReadOnlyDictionary<string, Times> Pods => _pods;

    /// <inheritdoc/>
    public void Dispose() => _subscription.Dispose();

    private void OnChanges(IReadOnlyList<ResourceChange> changes)
    {
        var now = TimeProvider.System.GetTimestamp();
        foreach (var change in changes)
        {
            var entry = change.Entry;
            if (entry.Key.Resource != "pods" || entry.Key.Namespace != _namespace) continue;
            if (!_pods.TryGetValue(entry.Name, out var times)) _pods[entry.Name] = times = new Times { Created = now };
            if (times.Bound == 0 && entry.Header.NodeName.Length > 0) times.Bound = now;
            times.Writes++;
            if (times.Running != 0 || entry.Header.Phase != "Running") continue;
            times.Running = now;
            _running++;
            if (_running * 10L / _goal >= _marks.Count) Mark();
            if (_running == _goal) _done.TrySetResult();
        }
    }

    private void Mark() => _marks.Add((TimeProvider.System.GetTimestamp(), Environment.CpuUsage.TotalTime));

    /// <summary>Stamps of one pod; 0 for what has not been.</summary>
    public sealed class Times
    {
        public long Created { get; init; }

        public long Bound { get; set; }

        public long Running { get; set; }

        public int Writes { get; set; }
    }
}
