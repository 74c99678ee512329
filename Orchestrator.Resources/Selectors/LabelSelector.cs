using System.Text.Json.Nodes;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Selectors;

/// <summary>
/// A compiled label selector (k8s.io/apimachinery/pkg/labels): all requirements must hold. Immutable; matching allocates nothing.
/// </summary>
public sealed class LabelSelector
{
    private readonly Requirement[] _requirements;
    private readonly bool _nothing;

    private LabelSelector(Requirement[] requirements, bool nothing) => (_requirements, _nothing) = (requirements, nothing);

    /// <summary>Matches every object.</summary>
    public static LabelSelector Everything { get; } = new([], nothing: false);

    /// <summary>Matches no object: what an absent selector of a workload means.</summary>
    public static LabelSelector Nothing { get; } = new([], nothing: true);

    /// <summary>Whether every object matches.</summary>
    public bool IsEmpty => !_nothing && _requirements.Length == 0;

    /// <summary>Whether no object ever matches.</summary>
    public bool MatchesNothing => _nothing;

    /// <summary>The terms, sorted by key.</summary>
    public IReadOnlyList<Requirement> Requirements => _requirements;

    /// <summary>
    /// Reads a query's <c>labelSelector</c>: <c>a=b,c!=d,e in (f,g),h notin (i),j,!k,l&gt;5</c>. Throws <see cref="FormatException"/> with
    /// upstream's words.
    /// </summary>
    public static LabelSelector Parse(string text) => text.Length == 0 ? Everything : Of(LabelSelectorParser.Parse(text));

    /// <summary>All of the given requirements.</summary>
    public static LabelSelector Of(IEnumerable<Requirement> requirements)
    {
        var sorted = requirements.OrderBy(r => r.Key, StringComparer.Ordinal).ToArray();
        return sorted.Length == 0 ? Everything : new LabelSelector(sorted, nothing: false);
    }

    /// <summary>Equality with every pair of a map, as Service and ReplicationController selectors are. Throws <see cref="FormatException"/> for what is no label.</summary>
    public static LabelSelector FromMap(IEnumerable<KeyValuePair<string, string>> labels) =>
        Of(labels.Select(l => Requirement.Create(l.Key, SelectorOperator.Equals, [l.Value])));

    /// <summary>Equality with every pair of a JSON map; an absent or empty map selects everything, so callers check that first where upstream does.</summary>
    public static LabelSelector FromMap(JsonObject? labels) =>
        labels is null ? Everything : FromMap(labels.Select(l => KeyValuePair.Create(l.Key, Field.AsText(l.Value) ?? "")));

    /// <summary>
    /// A metav1.LabelSelector (<c>matchLabels</c>, <c>matchExpressions</c>): absent selects nothing, empty everything. Throws
    /// <see cref="FormatException"/> for an operator or value that validation would have refused.
    /// </summary>
    public static LabelSelector FromJson(JsonNode? selector)
    {
        if (selector is null) return Nothing;
        var field = Field.Of(selector);
        var requirements = field["matchLabels"].Entries.Select(l => Requirement.Create(l.Key, SelectorOperator.Equals, [l.Value.Text]));
        return Of(requirements.Concat(field["matchExpressions"].Items.Select(Expression)));
    }

    /// <summary>Whether the labels fulfil every requirement.</summary>
    public bool Matches<TLabels>(in TLabels labels)
        where TLabels : struct, ILabelSet
    {
        if (_nothing) return false;
        foreach (var requirement in _requirements)
            if (!requirement.Matches(labels)) return false;
        return true;
    }

    /// <summary>As above, of labels in a dictionary; null is no labels.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels) => Matches(new DictionaryLabels(labels));

    /// <summary>As above, of <c>metadata.labels</c> as JSON; null is no labels.</summary>
    public bool Matches(JsonObject? labels) => Matches(new JsonLabels(labels));

    /// <summary>The value the selector pins a key to by equality, or null: lets an index answer instead of a scan.</summary>
    public string? RequiresExactMatch(string key)
    {
        foreach (var requirement in _requirements)
            if (requirement.Key == key && requirement.Operator is (SelectorOperator.Equals or SelectorOperator.DoubleEquals or SelectorOperator.In) && requirement.Values.Count == 1)
                return requirement.Values[0];
        return null;
    }

    /// <summary>The canonical text: terms sorted by key, joined by commas; it parses back to an equal selector.</summary>
    public override string ToString() => string.Join(',', (object[])_requirements);

    private static Requirement Expression(Field expression)
    {
        var op = expression["operator"].Text switch
        {
            "In" => SelectorOperator.In,
            "NotIn" => SelectorOperator.NotIn,
            "Exists" => SelectorOperator.Exists,
            "DoesNotExist" => SelectorOperator.DoesNotExist,
            var other => throw new FormatException($"\"{other}\" is not a valid label selector operator"),
        };
        return Requirement.Create(expression["key"].Text, op, expression["values"].Items.Select(v => v.Text));
    }
}
