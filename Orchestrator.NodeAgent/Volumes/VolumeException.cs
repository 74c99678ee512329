namespace Orchestrator.NodeAgent.Volumes;

/// <summary>A volume cannot be set up now; the message is the event's.</summary>
public sealed class VolumeException(string volume, string why) : Exception($"MountVolume.SetUp failed for volume \"{volume}\" : {why}")
{
    /// <summary>The volume's name.</summary>
    public string Volume { get; } = volume;
}
