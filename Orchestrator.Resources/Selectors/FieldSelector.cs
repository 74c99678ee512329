using System.Text;

namespace Orchestrator.Resources.Selectors;

/// <summary>One term of a field selector: a field that must (or must not) have a value.</summary>
public readonly record struct FieldRequirement(string Field, string Value, bool Negated)
{
    /// <summary><c>spec.nodeName=worker-1</c>, with commas, equals signs and backslashes of the value escaped.</summary>
    public override string ToString() =>
        $"{Field}{(Negated ? "!=" : "=")}{Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal).Replace("=", "\\=", StringComparison.Ordinal)}";
}

/// <summary>
/// A compiled field selector (k8s.io/apimachinery/pkg/fields): <c>metadata.name=web,status.phase!=Running</c>. Immutable. Which fields a
/// kind can select by is the kind's to say: <see cref="FindUnsupported"/>.
/// </summary>
public sealed class FieldSelector
{
    private readonly FieldRequirement[] _requirements;

    private FieldSelector(FieldRequirement[] requirements) => _requirements = requirements;

    /// <summary>Matches every object.</summary>
    public static FieldSelector Everything { get; } = new([]);

    /// <summary>Whether every object matches.</summary>
    public bool IsEmpty => _requirements.Length == 0;

    /// <summary>The terms, in the order of their text.</summary>
    public IReadOnlyList<FieldRequirement> Requirements => _requirements;

    /// <summary>Reads a query's <c>fieldSelector</c>. Throws <see cref="FormatException"/> with upstream's words.</summary>
    public static FieldSelector Parse(string text)
    {
        var terms = Split(text);
        terms.Sort(StringComparer.Ordinal);
        var requirements = new List<FieldRequirement>();
        foreach (var term in terms)
        {
            if (term.Length == 0) continue;
            var at = term.AsSpan().IndexOfAny('=', '!');
            while (at >= 0 && term[at] == '!' && !(at + 1 < term.Length && term[at + 1] == '='))
            {
                var rest = term.AsSpan(at + 1).IndexOfAny('=', '!');
                at = rest < 0 ? -1 : at + 1 + rest;
            }
            if (at < 0) throw new FormatException($"invalid selector: '{text}'; can't understand '{term}'");
            var negated = term[at] == '!';
            var length = negated || (at + 1 < term.Length && term[at + 1] == '=') ? 2 : 1;
            requirements.Add(new FieldRequirement(term[..at], Unescape(term[(at + length)..]), negated));
        }
        return requirements.Count == 0 ? Everything : new FieldSelector([.. requirements]);
    }

    /// <summary>The first field asked for that is not among those the kind supports, or null: upstream then answers 400 <c>field label not supported: …</c>.</summary>
    public string? FindUnsupported(IReadOnlySet<string> supported)
    {
        foreach (var requirement in _requirements)
            if (!supported.Contains(requirement.Field)) return requirement.Field;
        return null;
    }

    /// <summary>Whether the fields fulfil every term; an absent field counts as empty.</summary>
    public bool Matches<TFields>(in TFields fields)
        where TFields : struct, ILabelSet
    {
        foreach (var requirement in _requirements)
        {
            var value = fields.TryGet(requirement.Field, out var found) ? found : "";
            if (string.Equals(value, requirement.Value, StringComparison.Ordinal) == requirement.Negated) return false;
        }
        return true;
    }

    /// <summary>As above, of fields in a dictionary.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> fields) => Matches(new DictionaryLabels(fields));

    /// <summary>The value the selector pins a field to, or null: <c>metadata.name=x</c> turns a list into a get.</summary>
    public string? RequiresExactMatch(string field)
    {
        foreach (var requirement in _requirements)
            if (!requirement.Negated && requirement.Field == field) return requirement.Value;
        return null;
    }

    /// <summary>The canonical text.</summary>
    public override string ToString() => string.Join(',', _requirements);

    private static List<string> Split(string text)
    {
        var terms = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == ',')
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
        }
        terms.Add(text[start..]);
        return terms;
    }

    private static string Unescape(string value)
    {
        if (value.AsSpan().IndexOfAny('\\', ',', '=') < 0) return value;
        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (c is ',' or '=') throw new FormatException($"invalid field selector: unescaped character in value: {(int)c}");
            if (c == '\\')
            {
                if (++i == value.Length) throw new FormatException("invalid field selector: invalid escape sequence: \\");
                c = value[i];
                if (c is not ('\\' or ',' or '=')) throw new FormatException($"invalid field selector: invalid escape sequence: \\{c}");
            }
            text.Append(c);
        }
        return text.ToString();
    }
}
