namespace Orchestrator.Actors.Caching;

/// <summary>Encodes watch events as newline-delimited JSON.</summary>
public static class WatchFrame
{
    /// <summary>One frame for an object's bytes.</summary>
    public static byte[] Encode(ChangeType type, ReadOnlySpan<byte> json)
    {
        var head = type switch
        {
            ChangeType.Added => "{\"type\":\"ADDED\",\"object\":"u8,
            ChangeType.Modified => "{\"type\":\"MODIFIED\",\"object\":"u8,
            _ => "{\"type\":\"DELETED\",\"object\":"u8,
        };
        var frame = new byte[head.Length + json.Length + 2];
        head.CopyTo(frame);
        json.CopyTo(frame.AsSpan(head.Length));
        frame[^2] = (byte)'}';
        frame[^1] = (byte)'\n';
        return frame;
    }
}
