namespace Orchestrator.Engine.Cluster;

/// <summary>What this member hears of the others, beside what the database says. Remoting knows.</summary>
internal interface IPeerContact
{
    /// <summary>Whether a connection with the member is up.</summary>
    bool IsConnected(Member member);

    /// <summary>How long nothing has been heard of it.</summary>
    TimeSpan SilentFor(Member member);
}
