namespace Orchestrator.Actors.Caching;

/// <summary>
/// Values read from bytes that many objects have in common, kept by those bytes: a small table in which a newer value takes the place of an older one. Thread-safe; values are immutable.
/// </summary>
internal sealed class SharedValues<T> where T : class
{
    private const int Slots = 2048;

    private readonly Slot?[] _slots = new Slot?[Slots];

    /// <summary>The value that was read from these bytes, if it is still known.</summary>
    public T? Find(ReadOnlySpan<byte> source) => Volatile.Read(ref _slots[Place(source)]) is { } slot && slot.Source.AsSpan().SequenceEqual(source) ? slot.Value : null;

    /// <summary>Keeps a value; returns it.</summary>
    public T Add(ReadOnlySpan<byte> source, T value)
    {
        Volatile.Write(ref _slots[Place(source)], new Slot(source.ToArray(), value));
        return value;
    }

    private static int Place(ReadOnlySpan<byte> source)
    {
        var hash = new HashCode();
        hash.AddBytes(source);
        return (int)((uint)hash.ToHashCode() % Slots);
    }

    private sealed record Slot(byte[] Source, T Value);
}
