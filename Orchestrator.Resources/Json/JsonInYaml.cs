using System.Text.Json;
using System.Text.Unicode;

namespace Orchestrator.Resources.Json;

/// <summary>JSON is YAML, and clients that apply send it under YAML's name.</summary>
internal static class JsonInYaml
{
    /// <summary>Longest whole number that both forms surely read as the same integer.</summary>
    private const int MaxDigits = 15;

    /// <summary>
    /// Whether a body is a JSON object that YAML 1.1 reads alike, so that it need not be read as YAML first. No where that is not sure: a key that may be there twice, a fraction, a power of ten.
    /// </summary>
    public static bool IsObject(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty || !Utf8.IsValid(utf8) || utf8[0] != (byte)'{') return false;
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = ObjectDecoder.MaxDepth });
        var keys = new HashSet<(int Object, int Hash)>();
        var (open, objects) = (new Stack<int>(), 0);
        try
        {
            while (reader.Read())
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject:
                        open.Push(++objects);
                        break;
                    case JsonTokenType.EndObject:
                        open.Pop();
                        break;
                    case JsonTokenType.PropertyName:
                        if (reader.ValueIsEscaped) return false;
                        var hash = new HashCode();
                        hash.AddBytes(reader.ValueSpan);
                        if (!keys.Add((open.Peek(), hash.ToHashCode()))) return false;
                        break;
                    case JsonTokenType.Number when reader.ValueSpan.Length > MaxDigits || reader.ValueSpan.IndexOfAny(".eE"u8) >= 0:
                        return false;
                }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
