using System.Text;

namespace Orchestrator.Tests.Api.Fuzz;

/// <summary>Damage to bodies of any encoding, as bytes.</summary>
internal static class ByteMutations
{
    private static readonly byte[][] Inserts = [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0], [0xEF, 0xBB, 0xBF], "\t"u8.ToArray(), "\n---\n"u8.ToArray(), "&a *a "u8.ToArray(), "!!binary "u8.ToArray(), "\"\""u8.ToArray(), "{["u8.ToArray(), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x0B, 0x0B, 0x0C]];

    /// <summary>The body cut short, or with bytes changed, taken out or put in.</summary>
    public static byte[] Damage(byte[] body, Random random)
    {
        if (body.Length == 0) return [0xFF];
        var bytes = body.ToList();
        switch (random.Next(5))
        {
            case 0:
                return body[..random.Next(body.Length)];
            case 1:
                for (var i = random.Next(4); i >= 0; i--) bytes[random.Next(bytes.Count)] = (byte)random.Next(256);
                break;
            case 2:
                for (var i = random.Next(4); i >= 0 && bytes.Count > 1; i--) bytes.RemoveAt(random.Next(bytes.Count));
                break;
            case 3:
                bytes.InsertRange(random.Next(bytes.Count + 1), Inserts[random.Next(Inserts.Length)]);
                break;
            default:
                var from = random.Next(bytes.Count);
                bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(from, random.Next(bytes.Count - from)));
                break;
        }
        return [.. bytes];
    }

    /// <summary>Bodies that are nothing of what was asked for.</summary>
    public static byte[] Other(Random random) => random.Next(12) switch
    {
        0 => [],
        1 => "null"u8.ToArray(),
        2 => "[]"u8.ToArray(),
        3 => "\"text\""u8.ToArray(),
        4 => "12"u8.ToArray(),
        5 => [0x6B, 0x38, 0x73, 0, .. RandomBytes(random, 40)],
        6 => RandomBytes(random, 200),
        7 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", random.Next(2, 3000)))),
        8 => Encoding.UTF8.GetBytes(new string('[', random.Next(2, 20_000))),
        9 => Encoding.UTF8.GetBytes(Bomb(random.Next(3, 12))),
        10 => Encoding.UTF8.GetBytes(Ladder(random.Next(10, 3000))),
        _ => "apiVersion: v1\nkind: List\nitems: [1, {}, null]\n"u8.ToArray(),
    };

    // Each line refers ten times to the one before it.
    private static string Bomb(int lines)
    {
        var text = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < lines; i++) text.Append($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        return text.ToString();
    }

    // Each line nests the one before it: shallow text, deep value.
    private static string Ladder(int lines)
    {
        var text = new StringBuilder("a0: &a0 [x]\n");
        for (var i = 1; i < lines; i++) text.Append($"a{i}: &a{i} [*a{i - 1}]\n");
        return text.ToString();
    }

    private static byte[] RandomBytes(Random random, int most)
    {
        var bytes = new byte[random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }
}
