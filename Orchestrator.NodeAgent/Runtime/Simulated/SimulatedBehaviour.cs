namespace Orchestrator.NodeAgent.Runtime.Simulated;

/// <summary>How a simulated container lives.</summary>
public sealed record SimulatedBehaviour
{
    /// <summary>Runs until it is stopped, which it obeys at once.</summary>
    public static SimulatedBehaviour Forever { get; } = new();

    /// <summary>How long its start takes.</summary>
    public TimeSpan StartTakes { get; init; }

    /// <summary>After this long it ends by itself; null for never.</summary>
    public TimeSpan? EndsAfter { get; init; }

    /// <summary>Exit code of an end by itself.</summary>
    public int ExitCode { get; init; }

    /// <summary>The engine's words where it cannot be started; null where it can.</summary>
    public string? StartError { get; init; }

    /// <summary>How long it takes to obey the stop signal; longer than the grace means it is killed.</summary>
    public TimeSpan StopTakes { get; init; }

    /// <summary>It writes a log of this.</summary>
    public string Log { get; init; } = "";

    /// <summary>What it uses while it runs; null where the model does not say.</summary>
    public SimulatedUse? Uses { get; init; }
}

/// <summary>A steady use of processors, in thousandths of one, and of memory in bytes.</summary>
public sealed record SimulatedUse(long MilliCpu, long MemoryBytes);

/// <summary>How a simulated engine behaves.</summary>
public sealed record SimulatedOptions
{
    /// <summary>How each container lives; every one for ever by default.</summary>
    public Func<ContainerSpec, SimulatedBehaviour> Behaviour { get; init; } = static _ => SimulatedBehaviour.Forever;

    /// <summary>The engine's words where an image cannot be pulled; null where it can.</summary>
    public Func<string, string?> PullError { get; init; } = static _ => null;

    /// <summary>The engine's words while the pod network cannot be made; null where it can.</summary>
    public Func<string?> NetworkError { get; init; } = static () => null;

    /// <summary>How long a pull takes.</summary>
    public TimeSpan PullTakes { get; init; }

    /// <summary>How long a sandbox takes.</summary>
    public TimeSpan SandboxTakes { get; init; }

    /// <summary>Answers execs; exit code 0 by default.</summary>
    public Func<string, IReadOnlyList<string>, ExecResult> Exec { get; init; } = static (_, _) => new ExecResult(0, "");

    /// <summary>Processors the engine claims.</summary>
    public int Cpus { get; init; } = 4;

    /// <summary>Memory the engine claims, bytes.</summary>
    public long MemoryBytes { get; init; } = 8L << 30;
}
