namespace Orchestrator.Engine.Configuration;

/// <summary>The configuration is wrong. The message is for whoever wrote it and begins with the file and the line.</summary>
public sealed class HoconException(HoconOrigin origin, string problem) : Exception($"{origin}: {problem}")
{
    /// <summary>Where it is wrong.</summary>
    public HoconOrigin Origin { get; } = origin;
}
