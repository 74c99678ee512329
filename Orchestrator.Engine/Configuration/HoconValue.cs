namespace Orchestrator.Engine.Configuration;

/// <summary>A value as configuration sees it, with every substitution made and every override applied.</summary>
public abstract record HoconValue(HoconOrigin Origin);

/// <summary>A text, number, boolean or <c>null</c> (<paramref name="Text"/> is null). HOCON does not tell the first three apart; the reader of the key does.</summary>
public sealed record HoconScalar(string? Text, HoconOrigin Origin) : HoconValue(Origin);

/// <summary>A list.</summary>
public sealed record HoconArray(IReadOnlyList<HoconValue> Items, HoconOrigin Origin) : HoconValue(Origin);

/// <summary>A block of keys. Keys are case-sensitive, hold no path and stand in the order in which they were first written.</summary>
public sealed record HoconObject(IReadOnlyDictionary<string, HoconValue> Fields, HoconOrigin Origin) : HoconValue(Origin)
{
    /// <summary>This block with <paramref name="over"/> laid upon it: blocks are merged, anything else is replaced.</summary>
    internal HoconObject Under(HoconObject over)
    {
        var fields = new Dictionary<string, HoconValue>(Fields);
        foreach (var (key, value) in over.Fields)
        {
            fields[key] = value is HoconObject block && fields.TryGetValue(key, out var old) && old is HoconObject oldBlock ? oldBlock.Under(block) : value;
        }
        return new HoconObject(fields, over.Origin);
    }
}
