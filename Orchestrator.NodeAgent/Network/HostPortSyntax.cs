using System.Globalization;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Network;

/// <summary>Published ports as one line of text (<c>hostIp|port|containerPort|PROTOCOL</c>, comma separated), which is how a sandbox's label remembers them.</summary>
public static class HostPortSyntax
{
    /// <summary>The line; empty for none.</summary>
    public static string Format(IEnumerable<HostPort> ports) =>
        string.Join(',', ports.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.HostIp}|{p.Port}|{p.ContainerPort}|{p.Protocol}")));

    /// <summary>Reads what <see cref="Format"/> wrote. Throws <see cref="FormatException"/> for anything else.</summary>
    public static IReadOnlyList<HostPort> Parse(string? text) => string.IsNullOrEmpty(text)
        ? []
        : [.. text.Split(',').Select(item => item.Split('|') is [var ip, var port, var containerPort, var protocol]
            ? new HostPort(ip, int.Parse(port, CultureInfo.InvariantCulture), int.Parse(containerPort, CultureInfo.InvariantCulture), protocol)
            : throw new FormatException($"\"{item}\" is not a published port"))];
}
