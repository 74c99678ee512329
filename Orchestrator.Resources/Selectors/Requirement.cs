using System.Globalization;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Selectors;

/// <summary>How a requirement compares.</summary>
public enum SelectorOperator
{
    /// <summary><c>key=value</c></summary>
    Equals,

    /// <summary><c>key==value</c>; the same as <see cref="Equals"/> but written differently.</summary>
    DoubleEquals,

    /// <summary><c>key!=value</c>; true where the key is absent.</summary>
    NotEquals,

    /// <summary><c>key in (a,b)</c></summary>
    In,

    /// <summary><c>key notin (a,b)</c>; true where the key is absent.</summary>
    NotIn,

    /// <summary><c>key</c></summary>
    Exists,

    /// <summary><c>!key</c></summary>
    DoesNotExist,

    /// <summary><c>key&gt;5</c>, as integers; false where either is none.</summary>
    GreaterThan,

    /// <summary><c>key&lt;5</c>, as integers; false where either is none.</summary>
    LessThan,
}

/// <summary>One term of a label selector. Immutable; made by <see cref="LabelSelector"/> or <see cref="Create"/>, which check it.</summary>
public sealed class Requirement
{
    private readonly string[] _values;
    private readonly long _bound;

    private Requirement(string key, SelectorOperator op, string[] values)
    {
        (Key, Operator, _values) = (key, op, values);
        if (op is SelectorOperator.GreaterThan or SelectorOperator.LessThan) _bound = long.Parse(values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    /// <summary>The label's key.</summary>
    public string Key { get; }

    /// <summary>How it compares.</summary>
    public SelectorOperator Operator { get; }

    /// <summary>What it compares with, sorted and without repetition.</summary>
    public IReadOnlyList<string> Values => _values;

    /// <summary>Checks and makes a requirement. Throws <see cref="FormatException"/> with upstream's words (field paths relative to <paramref name="path"/>).</summary>
    public static Requirement Create(string key, SelectorOperator op, IEnumerable<string> values, string path = "")
    {
        var sorted = values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        var prefix = path.Length == 0 ? "" : path + ".";
        var problems = new List<string>();
        if (NameFormats.QualifiedName(key) is { Count: > 0 } wrong) problems.Add($"{prefix}key: Invalid value: \"{key}\": {string.Join("; ", wrong)}");
        var shown = $"{prefix}values: Invalid value: []string{{{string.Join(", ", sorted.Select(v => $"\"{v}\""))}}}: ";
        switch (op)
        {
            case SelectorOperator.In or SelectorOperator.NotIn when sorted.Length == 0:
                problems.Add(shown + "for 'in', 'notin' operators, values set can't be empty");
                break;
            case SelectorOperator.Equals or SelectorOperator.DoubleEquals or SelectorOperator.NotEquals when sorted.Length != 1:
                problems.Add(shown + "exact-match compatibility requires one single value");
                break;
            case SelectorOperator.Exists or SelectorOperator.DoesNotExist when sorted.Length != 0:
                problems.Add(shown + "values set must be empty for exists and does not exist");
                break;
            case SelectorOperator.GreaterThan or SelectorOperator.LessThan:
                if (sorted.Length != 1) problems.Add(shown + "for 'Gt', 'Lt' operators, exactly one value is required");
                for (var i = 0; i < sorted.Length; i++)
                    if (!TryInteger(sorted[i], out _)) problems.Add($"{prefix}values[{i}]: Invalid value: \"{sorted[i]}\": for 'Gt', 'Lt' operators, the value must be an integer");
                break;
        }
        for (var i = 0; i < sorted.Length; i++)
            if (NameFormats.LabelValue(sorted[i]) is { Count: > 0 } bad) problems.Add($"{prefix}values[{i}][{key}]: Invalid value: \"{sorted[i]}\": {string.Join("; ", bad)}");
        return problems.Count switch
        {
            0 => new Requirement(key, op, sorted),
            1 => throw new FormatException(problems[0]),
            _ => throw new FormatException($"[{string.Join(", ", problems)}]"),
        };
    }

    /// <summary>Whether the labels fulfil this. Allocates nothing.</summary>
    public bool Matches<TLabels>(in TLabels labels)
        where TLabels : struct, ILabelSet
    {
        var present = labels.TryGet(Key, out var value);
        return Operator switch
        {
            SelectorOperator.Equals or SelectorOperator.DoubleEquals or SelectorOperator.In => present && HasValue(value!),
            SelectorOperator.NotEquals or SelectorOperator.NotIn => !present || !HasValue(value!),
            SelectorOperator.Exists => present,
            SelectorOperator.DoesNotExist => !present,
            SelectorOperator.GreaterThan => present && TryInteger(value!, out var more) && more > _bound,
            _ => present && TryInteger(value!, out var less) && less < _bound,
        };
    }

    /// <summary>The canonical text, e.g. <c>app in (a,b)</c>.</summary>
    public override string ToString() => Operator switch
    {
        SelectorOperator.Equals => $"{Key}={_values[0]}",
        SelectorOperator.DoubleEquals => $"{Key}=={_values[0]}",
        SelectorOperator.NotEquals => $"{Key}!={_values[0]}",
        SelectorOperator.In => $"{Key} in ({string.Join(',', _values)})",
        SelectorOperator.NotIn => $"{Key} notin ({string.Join(',', _values)})",
        SelectorOperator.Exists => Key,
        SelectorOperator.DoesNotExist => "!" + Key,
        SelectorOperator.GreaterThan => $"{Key}>{_values[0]}",
        _ => $"{Key}<{_values[0]}",
    };

    private static bool TryInteger(string text, out long value) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private bool HasValue(string value)
    {
        foreach (var wanted in _values)
            if (string.Equals(wanted, value, StringComparison.Ordinal)) return true;
        return false;
    }
}
