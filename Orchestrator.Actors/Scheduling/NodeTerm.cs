using System.Globalization;
using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Actors.Scheduling;

/// <summary>One term of a node selector, compiled: all its requirements must hold. A term without requirements matches nothing, as in Kubernetes.</summary>
public sealed class NodeTerm
{
    private readonly Requirement[] _requirements;

    private NodeTerm(Requirement[] requirements) => _requirements = requirements;

    /// <summary>Equal terms have equal texts.</summary>
    public string Text => string.Join(',', _requirements.Select(r => r.Text));

    /// <summary>The nodes that the term pins down by name, or null where it does not.</summary>
    public IReadOnlyList<string>? Names => Array.Find(_requirements, r => r.Names is not null)?.Names;

    /// <summary>Compiles a term; <c>matchFields</c> knows only <c>metadata.name</c>.</summary>
    public static NodeTerm Of(NodeSelectorTerm term) => new(
    [
        .. (term.MatchExpressions ?? []).Select(r => new Requirement(r, false)),
        .. (term.MatchFields ?? []).Select(r => new Requirement(r, true)),
    ]);

    /// <summary>The term that matches what a label selector such as <c>zone in (a,b),disk=ssd</c> selects. Throws <see cref="FormatException"/> for what is none.</summary>
    public static NodeTerm Parse(string selector) => Of(new NodeSelectorTerm
    {
        MatchExpressions =
        [
            .. LabelSelector.Parse(selector).Requirements.Select(r => new NodeSelectorRequirement
            {
                Key = r.Key,
                Operator = r.Operator switch
                {
                    SelectorOperator.Equals or SelectorOperator.DoubleEquals or SelectorOperator.In => "In",
                    SelectorOperator.NotEquals or SelectorOperator.NotIn => "NotIn",
                    SelectorOperator.GreaterThan => "Gt",
                    SelectorOperator.LessThan => "Lt",
                    var same => same.ToString(),
                },
                Values = [.. r.Values],
            }),
        ],
    });

    /// <summary>Whether the node has what the term asks for. Allocates nothing.</summary>
    public bool Matches(NodeInfo node)
    {
        if (_requirements.Length == 0) return false;
        foreach (var requirement in _requirements)
            if (!requirement.Holds(node)) return false;
        return true;
    }

    private sealed class Requirement(NodeSelectorRequirement source, bool ofField)
    {
        private readonly string[] _values = [.. source.Values ?? []];
        private readonly long? _bound = long.TryParse(source.Values?.FirstOrDefault(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : null;

        public string Text => $"{(ofField ? "@" : "")}{source.Key} {source.Operator} ({string.Join(' ', _values)})";

        public string[]? Names => ofField && source is { Key: "metadata.name", Operator: "In" } ? _values : null;

        public bool Holds(NodeInfo node)
        {
            string? actual;
            if (ofField) actual = source.Key == "metadata.name" ? node.Name : null;
            else node.Labels.TryGetValue(source.Key, out actual);
            return source.Operator switch
            {
                "In" => actual is not null && Array.IndexOf(_values, actual) >= 0,
                "NotIn" => actual is null || Array.IndexOf(_values, actual) < 0,
                "Exists" => actual is not null,
                "DoesNotExist" => actual is null,
                "Gt" => _bound is { } low && Number(actual) is { } value && value > low,
                "Lt" => _bound is { } high && Number(actual) is { } value && value < high,
                _ => false,
            };
        }

        private static long? Number(string? text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : null;
    }
}
