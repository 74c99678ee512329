namespace Orchestrator.Engine.Configuration;

/// <summary>
/// Makes the substitutions of one configuration. <c>${path}</c> means the final value of the path, wherever it stands, and inside the path's
/// own value it means what the path held before (so <c>a = ${a} more</c> extends). What no path holds is looked up in the environment.
/// </summary>
internal sealed class HoconResolver(ObjectExpression root, Func<string, string?> environment)
{
    /// <summary>Bounds what a few lines of substitutions within substitutions can grow to.</summary>
    private const int MaxValues = 200_000;
    private const int MaxTextLength = 1 << 20;
    private const int MaxDepth = 200;

    private int _values;
    private int _depth;

    /// <summary>The whole configuration. Throws <see cref="HoconException"/> for a path that holds nothing, and for a circle.</summary>
    public HoconObject Resolve() => ResolveObject(root);

    private HoconValue? Resolve(HoconExpression expression)
    {
        if (++_values > MaxValues || _depth >= MaxDepth) throw new HoconException(expression.Origin, "substitutions within substitutions make this too large");
        _depth++;
        HoconValue? value = expression switch
        {
            ScalarExpression scalar => new HoconScalar(scalar.Text, scalar.Origin),
            ArrayExpression array => new HoconArray([.. array.Items.Select(Resolve).OfType<HoconValue>()], array.Origin),
            ObjectExpression block => ResolveObject(block),
            SubstitutionExpression substitution => Substitute(substitution),
            ConcatenationExpression concatenation => Concatenate(concatenation),
            _ => throw new InvalidOperationException($"{expression.GetType().Name} is no expression of HOCON."),
        };
        _depth--;
        return value;
    }

    private HoconObject ResolveObject(ObjectExpression block)
    {
        var fields = new Dictionary<string, HoconValue>();
        foreach (var (key, field) in block.Fields)
        {
            if (ResolveField(field) is { } value) fields.Add(key, value);
        }
        return new HoconObject(fields, block.Origin);
    }

    private HoconValue? ResolveField(HoconField field)
    {
        if (field.IsResolved || field.InProgress) return field.Resolved;
        field.InProgress = true;
        foreach (var layer in field.Layers)
        {
            // An optional substitution without a value leaves what was there.
            if (Resolve(layer) is not { } value) continue;
            field.Resolved = value is HoconObject over && field.Resolved is HoconObject under ? under.Under(over) : value;
        }
        field.InProgress = false;
        field.IsResolved = true;
        return field.Resolved;
    }

    private HoconValue? Substitute(SubstitutionExpression substitution)
    {
        foreach (var path in substitution.Paths)
        {
            if (Find(root, path, 0) is { } value)
            {
                if (value is HoconObject or HoconArray) _values += Size(value);
                return value;
            }
        }
        if (environment(substitution.Name) is { } text) return new HoconScalar(text, substitution.Origin);
        if (substitution.IsOptional) return null;
        throw new HoconException(substitution.Origin, $"${{{substitution.Name}}} has no value here: no such key before it, and no environment variable of that name");
    }

    /// <summary>The value at <paramref name="path"/> from its element <paramref name="index"/> on.</summary>
    private HoconValue? Find(ObjectExpression block, IReadOnlyList<string> path, int index)
    {
        if (!block.Fields.TryGetValue(path[index], out var field)) return null;
        if (index == path.Count - 1) return ResolveField(field);
        // A block that is being worked out can still be looked into, newest layer first.
        var isPlain = field.Layers is [ObjectExpression];
        if (field.InProgress || isPlain)
        {
            for (var i = field.Layers.Count - 1; i >= 0; i--)
            {
                if (field.Layers[i] is ObjectExpression layer && Find(layer, path, index + 1) is { } value) return value;
            }
            if (isPlain) return null;
        }
        var found = ResolveField(field);
        for (var i = index + 1; i < path.Count && found is not null; i++)
        {
            found = found is HoconObject inner && inner.Fields.TryGetValue(path[i], out var next) ? next : null;
        }
        return found;
    }

    private HoconValue? Concatenate(ConcatenationExpression concatenation)
    {
        var parts = new List<(HoconValue Value, bool IsSpace)>();
        foreach (var part in concatenation.Parts)
        {
            if (Resolve(part) is { } value) parts.Add((value, part is ScalarExpression { IsSpace: true }));
        }
        // Around an optional substitution without a value, the spaces have nothing to separate.
        while (parts is [{ IsSpace: true }, ..]) parts.RemoveAt(0);
        while (parts is [.., { IsSpace: true }]) parts.RemoveAt(parts.Count - 1);
        var values = parts.Where(part => !part.IsSpace).Select(part => part.Value).ToList();
        if (values.Count == 0) return null;
        if (values.TrueForAll(value => value is HoconArray)) return new HoconArray([.. values.Cast<HoconArray>().SelectMany(array => array.Items)], concatenation.Origin);
        if (values.TrueForAll(value => value is HoconObject)) return values.Cast<HoconObject>().Aggregate((under, over) => under.Under(over));
        if (!values.TrueForAll(value => value is HoconScalar)) throw new HoconException(concatenation.Origin, "texts, lists and blocks cannot be joined with each other");
        var text = string.Concat(parts.Select(part => ((HoconScalar)part.Value).Text ?? "null"));
        if (text.Length > MaxTextLength) throw new HoconException(concatenation.Origin, "substitutions within substitutions make this too large");
        return new HoconScalar(text, concatenation.Origin);
    }

    private static int Size(HoconValue value) => value switch
    {
        HoconArray array => 1 + array.Items.Sum(Size),
        HoconObject block => 1 + block.Fields.Values.Sum(Size),
        _ => 1,
    };
}
