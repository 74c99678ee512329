namespace Orchestrator.Engine.Singleton;

/// <summary>
/// Decides which member runs a singleton: exclusive ownership of a name, arbitrated outside the actors (with several members, by the database's lease rows).
/// </summary>
public interface ILeaseOwner
{
    /// <summary>
    /// Competes for <paramref name="name"/> from now on. <paramref name="onChange"/> is called from any thread, with true when this member owns it and with false when it
    /// has lost it or must give it up; never twice in a row with the same value.
    /// </summary>
    void Acquire(string name, Action<bool> onChange);

    /// <summary>Gives it up, after the singleton has stopped, and stops competing; nothing is heard of it any more. It may be acquired again.</summary>
    void Release(string name);
}

/// <summary>For a single member: it owns everything at once.</summary>
public sealed class SoleOwner : ILeaseOwner
{
    private SoleOwner()
    {
    }

    /// <summary>The only instance.</summary>
    public static SoleOwner Instance { get; } = new();

    /// <inheritdoc/>
    public void Acquire(string name, Action<bool> onChange) => onChange(true);

    /// <inheritdoc/>
    public void Release(string name)
    {
    }
}
