using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.NodeAgent.Probes;

/// <summary>What a probe or hook is aimed at.</summary>
/// <param name="ContainerId">The engine's id.</param>
/// <param name="Container">From the spec: named ports are looked up here.</param>
/// <param name="PodIp">The pod's address.</param>
public sealed record ProbeTarget(string ContainerId, Container Container, string PodIp)
{
    /// <summary>A port by number or by the container's name for it. Throws <see cref="FormatException"/> for a name it does not have.</summary>
    public int Port(IntOrString port)
    {
        var number = port.IsString ? Container.Ports?.Find(p => p.Name == port.Text)?.ContainerPortValue ?? port.IntValue : port.Number;
        return number is > 0 and < 65536 ? number : throw new FormatException($"couldn't find port: {port} in container {Container.Name}");
    }
}
