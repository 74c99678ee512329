namespace Orchestrator.Engine.Configuration;

/// <summary>Where a value was written. <paramref name="Line"/> counts from 1.</summary>
public readonly record struct HoconOrigin(string File, int Line)
{
    /// <summary><c>file:line</c>, as editors and compilers write it.</summary>
    public override string ToString() => $"{File}:{Line}";
}
