namespace Orchestrator.Actors.Scheduling;

/// <summary>A port of the node that a pod wants for itself. <paramref name="Ip"/> is <c>0.0.0.0</c> for every address.</summary>
public readonly record struct HostPort(string Protocol, string Ip, int Port)
{
    /// <summary>The address that stands for all addresses.</summary>
    public const string AnyAddress = "0.0.0.0";

    /// <summary>Two pods cannot both have these: same protocol and port, on the same address or one of them on every address.</summary>
    public bool ConflictsWith(HostPort other) =>
        Port == other.Port && Protocol == other.Protocol && (Ip == other.Ip || Ip == AnyAddress || other.Ip == AnyAddress);
}
