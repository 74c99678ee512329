namespace Orchestrator.Api.Spdy;

/// <summary>Cuts the resize stream, JSON objects one behind the other (<c>{"Width":80,"Height":24}</c>, never nested), into those objects.</summary>
internal sealed class TerminalSizes
{
    private const int MaxSize = 1024;

    private readonly List<byte> _begun = [];

    /// <summary>The objects that <paramref name="data"/> completes; the rest is kept for the next call. What grows beyond any size of a terminal is dropped.</summary>
    public IReadOnlyList<byte[]> Split(ReadOnlySpan<byte> data)
    {
        var complete = new List<byte[]>();
        foreach (var value in data)
        {
            if (_begun.Count == 0 && value != (byte)'{') continue;
            _begun.Add(value);
            if (value == (byte)'}') complete.Add([.. _begun]);
            if (value == (byte)'}' || _begun.Count > MaxSize) _begun.Clear();
        }
        return complete;
    }
}
