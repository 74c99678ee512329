namespace Orchestrator.Engine.Configuration;

/// <summary>A value as it was written, before substitutions.</summary>
internal abstract class HoconExpression(HoconOrigin origin)
{
    public HoconOrigin Origin => origin;
}

/// <param name="isSpace">White space that stood between two values on one line: kept between texts, dropped between lists and blocks.</param>
internal sealed class ScalarExpression(string? text, bool isSpace, HoconOrigin origin) : HoconExpression(origin)
{
    public string? Text => text;

    public bool IsSpace => isSpace;
}

internal sealed class ArrayExpression(List<HoconExpression> items, HoconOrigin origin) : HoconExpression(origin)
{
    public List<HoconExpression> Items => items;
}

/// <param name="paths">Where to look, first match first: an included file's own root, then the whole configuration's.</param>
/// <param name="name">The path as written, which is also the name of the environment variable that stands in.</param>
internal sealed class SubstitutionExpression(IReadOnlyList<IReadOnlyList<string>> paths, string name, bool optional, HoconOrigin origin)
    : HoconExpression(origin)
{
    public IReadOnlyList<IReadOnlyList<string>> Paths => paths;

    public string Name => name;

    public bool IsOptional => optional;
}

/// <summary>Values side by side on one line: texts join, lists join, blocks merge.</summary>
internal sealed class ConcatenationExpression(List<HoconExpression> parts, HoconOrigin origin) : HoconExpression(origin)
{
    public List<HoconExpression> Parts => parts;
}

internal sealed class ObjectExpression(HoconOrigin origin) : HoconExpression(origin)
{
    public Dictionary<string, HoconField> Fields { get; } = [];

    public HoconField Field(string key)
    {
        if (!Fields.TryGetValue(key, out var field)) Fields.Add(key, field = new HoconField());
        return field;
    }

    /// <summary>Lays the fields of <paramref name="over"/> upon this block's.</summary>
    public void Add(ObjectExpression over)
    {
        foreach (var (key, field) in over.Fields)
        {
            var mine = Field(key);
            foreach (var layer in field.Layers) mine.Add(layer);
        }
    }
}

/// <summary>Everything that was assigned to one key, oldest first. A later layer may refer to the earlier ones by the key's own path.</summary>
internal sealed class HoconField
{
    public List<HoconExpression> Layers { get; } = [];

    /// <summary>The outcome, once it has been worked out; null also for a key that only had optional substitutions without a value.</summary>
    public HoconValue? Resolved { get; set; }

    public bool IsResolved { get; set; }

    /// <summary>True while the layers are being worked out: a reference to the key itself then means <see cref="Resolved"/> so far.</summary>
    public bool InProgress { get; set; }

    public void Add(HoconExpression value)
    {
        if (value is ObjectExpression block && Layers is [.., ObjectExpression last])
        {
            last.Add(block);
            return;
        }
        // Only what can be merged or referred to later needs what is below it.
        if (value is ScalarExpression or ArrayExpression) Layers.RemoveAll(_ => !Depends(value));
        Layers.Add(value);
    }

    private static bool Depends(HoconExpression value) => value switch
    {
        SubstitutionExpression => true,
        ConcatenationExpression concatenation => concatenation.Parts.Exists(Depends),
        ArrayExpression array => array.Items.Exists(Depends),
        ObjectExpression => true,
        _ => false,
    };
}
