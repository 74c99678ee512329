using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Orchestrator.Actors.Services;

namespace Orchestrator.Api.Commands;

/// <summary>The addresses under which this machine's API server is reached: the serving certificate names them.</summary>
internal static class HostAddresses
{
    /// <summary>Every IPv4 address of the machine, and the first service address.</summary>
    public static IReadOnlyList<IPAddress> Of(IPNetwork serviceCidr) =>
        [.. Machine(), AddressPool.First(serviceCidr)];

    /// <summary>Every IPv4 address of the machine.</summary>
    public static IEnumerable<IPAddress> Machine() =>
        NetworkInterface.GetAllNetworkInterfaces().Where(i => i.OperationalStatus == OperationalStatus.Up)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address).Where(a => a.AddressFamily == AddressFamily.InterNetwork);
}
