using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Probes;

/// <summary>Which probe of a container.</summary>
public enum ProbeKind
{
    /// <summary>May traffic come?</summary>
    Readiness,

    /// <summary>Must it be restarted?</summary>
    Liveness,

    /// <summary>Has it come up? The others wait for it.</summary>
    Startup,
}

/// <summary>Outcome of one probe.</summary>
/// <param name="Success">Passed.</param>
/// <param name="Message">Why not, or the output.</param>
public sealed record ProbeOutcome(bool Success, string Message);

/// <summary>Counts outcomes against the thresholds. Immutable, pure.</summary>
public sealed record ProbeCounter(bool? Last, int Run)
{
    /// <summary>No outcome yet.</summary>
    public static ProbeCounter Start { get; } = new(null, 0);

    /// <summary>Counts one more; the verdict is null while no threshold is reached.</summary>
    public (ProbeCounter Next, bool? Verdict) Count(bool success, Probe probe)
    {
        var next = new ProbeCounter(success, Last == success ? Run + 1 : 1);
        var threshold = success ? Math.Max(1, probe.SuccessThreshold) : Math.Max(1, probe.FailureThreshold);
        return (next, next.Run >= threshold ? success : null);
    }
}
