using System.Globalization;
using Microsoft.Extensions.Configuration;
using Orchestrator.Engine.Configuration;
using Orchestrator.NodeAgent.Runtime;
using Orchestrator.NodeAgent.Runtime.Simulated;

namespace Orchestrator.Api.Commands;

/// <summary>What simulated nodes are like; <c>orchestrator.simulation</c> of the configuration.</summary>
public sealed record SimulationOptions
{
    /// <summary>How long a container's start takes.</summary>
    public TimeSpan StartLatency { get; init; }

    /// <summary>The part of container starts that fail, 0 to 1.</summary>
    public double FailureRate { get; init; }

    /// <summary>Processors of a node.</summary>
    public int Cpus { get; init; } = 32;

    /// <summary>Memory of a node, bytes.</summary>
    public long MemoryBytes { get; init; } = 256L << 30;

    /// <summary>Zones that the nodes are spread over.</summary>
    public int Zones { get; init; } = 3;

    /// <summary>Which starts fail: the same ones in the order of starts for the same number, others each time for 0.</summary>
    public int Seed { get; init; }

    /// <summary>Reads the keys.</summary>
    public static SimulationOptions From(IConfiguration values) => new()
    {
        StartLatency = values.Get<TimeSpan>("orchestrator.simulation.start-latency", "a duration such as 0s or 500ms", TryParseLatency),
        FailureRate = values.Get<double>("orchestrator.simulation.failure-rate", "a number from 0 to 1", TryParsePart),
        Cpus = values.Get<int>("orchestrator.simulation.cpus", "a number from 1 to 1000", Whole(1000)),
        MemoryBytes = values.GetByteSize("orchestrator.simulation.memory"),
        Zones = values.Get<int>("orchestrator.simulation.zones", "a number from 1 to 100", Whole(100)),
        Seed = values.Get<int>("orchestrator.simulation.seed", "a number from 0 to 2147483647", Whole(int.MaxValue, least: 0)),
    };

    /// <summary>The engine of one node.</summary>
    public SimulatedOptions Runtime(Random random) => new()
    {
        Cpus = Cpus,
        MemoryBytes = MemoryBytes,
        Behaviour = spec =>
        {
            lock (random) return random.NextDouble() < FailureRate ? Failing : Lasting(spec);
        },
        Exec = static (_, command) => new ExecResult(0, $"simulated: {string.Join(' ', command)}\n"),
    };

    private SimulatedBehaviour Failing => new() { StartTakes = StartLatency, StartError = "the simulated engine fails this start" };

    private SimulatedBehaviour Lasting(ContainerSpec spec) => new() { StartTakes = StartLatency, Log = $"simulated container of {spec.Image}\n" };

    private static bool TryParseLatency(string text, out TimeSpan value) => HoconUnits.TryParseDuration(text, out value) && value >= TimeSpan.Zero;

    private static bool TryParsePart(string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= 1;

    private static ConfigurationReading.Parser<int> Whole(int most, int least = 1) =>
        (string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;
}
