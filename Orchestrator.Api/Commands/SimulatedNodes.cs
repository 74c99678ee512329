using System.Globalization;
using Orchestrator.Engine.Actor;
using Orchestrator.NodeAgent.Agent;
using Orchestrator.NodeAgent.Nodes;
using Orchestrator.NodeAgent.Runtime.Simulated;

namespace Orchestrator.Api.Commands;

/// <summary>Node agents on simulated engines: thousands of them in one process. All but the engine, its machine and its disk is what a real node runs.</summary>
internal sealed class SimulatedNodes(ClusterConfiguration configuration, TimeProvider time)
{
    private const string HostName = "simulated-";
    private const long Storage = 1L << 40;

    private readonly Random _failures = configuration.Simulation.Seed is > 0 and var seed ? new Random(seed) : new Random();

    /// <summary>Names of so many nodes.</summary>
    public static IReadOnlyList<string> Names(int count) => [.. Enumerable.Range(1, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{HostName}{i}"))];

    /// <summary>The engine of a node.</summary>
    public SimulatedRuntime Runtime() => new(configuration.Simulation.Runtime(_failures), time);

    /// <summary>How a node's agent runs.</summary>
    public NodeAgentOptions Options(string name, string clusterId, ClusterDirectory directory, SimulatedRuntime runtime, IActorRef controlPlane) =>
        ClusterNodes.Options(configuration, name, clusterId, directory, Address(name), runtime, controlPlane, time) with
        {
            Labels = new Dictionary<string, string>(configuration.NodeLabels) { ["topology.kubernetes.io/zone"] = Zone(name), ["topology.kubernetes.io/region"] = "simulated" },
            Disk = SimulatedDisk.Instance,
            ReadDisk = static _ => (Storage, Storage),
            ReadUsage = static _ => MachineUsage.Unknown,
            ReadMachine = () => Machine(name),
            Phase = 1 - Random.Shared.NextDouble(),
        };

    private static int Number(string name) => int.Parse(name[HostName.Length..], CultureInfo.InvariantCulture);

    private string Zone(string name) => string.Create(CultureInfo.InvariantCulture, $"zone-{(Number(name) - 1) % configuration.Simulation.Zones + 1}");

    /// <summary>An address that is nobody's: of the range that is kept for tests of networks (RFC 2544).</summary>
    private static string Address(string name) => Number(name) is var n ? string.Create(CultureInfo.InvariantCulture, $"198.{18 + (n >> 16)}.{n >> 8 & 0xFF}.{n & 0xFF}") : "";

    private NodeFacts Machine(string name) => new()
    {
        Cpus = configuration.Simulation.Cpus,
        MemoryBytes = configuration.Simulation.MemoryBytes,
        AvailableMemoryBytes = configuration.Simulation.MemoryBytes,
        StorageBytes = Storage,
        AvailableStorageBytes = Storage,
        Pids = (1 << 22, 0),
        Ids = (name, name, name),
    };
}
