namespace Orchestrator.Resources.Cel;

/// <summary>
/// What an expression costs at least and at most, by the sizes that its variables' type allows: cel-go 0.22's checker/cost.go with k8s.io/apiserver/pkg/cel/library/cost.go. The numbers decide
/// which rules a definition may have, so they follow upstream's to the unit, odd ones included.
/// </summary>
internal sealed class CelCostEstimator(CelFacts facts, CelSizes root)
{
    // What an access goes through, from a variable on; upstream cuts the first step off and starts at the root, whatever the first step was.
    private readonly Dictionary<CelNode, IReadOnlyList<string>> _paths = new(ReferenceEqualityComparer.Instance);

    private readonly Dictionary<CelNode, CelEstimate> _sizes = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Stack<CelNode>> _ranges = new(StringComparer.Ordinal);

    private static CelEstimate One { get; } = CelEstimate.Exactly(1);

    private static CelEstimate MakingList { get; } = CelEstimate.Exactly((ulong)CelCosts.List);

    /// <summary>The cost of a piece of the expression.</summary>
    internal CelEstimate Cost(CelNode node)
    {
        switch (node)
        {
            case CelLiteral: return default;
            case CelName name: return Name(name);
            case CelSelect select: return Select(select);
            case CelHas has: return Cost(has.Of);
            case CelIndex index: return Index(index);
            case CelCall call: return Call(call);
            case CelLogic logic:
                var (left, right) = (Cost(logic.Left), Cost(logic.Right));
                return left with { Max = (left + right).Max }; // the left side may settle it
            case CelConditional conditional:
                var cost = Cost(conditional.Test) + Cost(conditional.Yes).Or(Cost(conditional.No));
                _sizes[node] = Size(conditional.Yes).Or(Size(conditional.No));
                return cost;
            case CelListLiteral list: return Sum(list.Items) + MakingList;
            case CelMapLiteral map: return Sum(map.Entries.SelectMany(e => (CelNode[])[e.Key, e.Value])) + CelEstimate.Exactly((ulong)CelCosts.Map);
            case CelMacro { Name: "optMap" or "optFlatMap" } macro: return OptionalMacro(macro);
            case CelMacro macro: return Macro(macro);
            default: throw new InvalidOperationException($"a piece of an expression without a cost: {node.GetType().Name}");
        }
    }

    /// <summary>Size of what a piece evaluates to, where something is known of it.</summary>
    internal CelEstimate? KnownSize(CelNode node) => Computed(node) ?? Declared(_paths.GetValueOrDefault(node));

    /// <summary>Declared size of the items of a list.</summary>
    internal CelEstimate ItemSize(CelNode list) => Declared(_paths.TryGetValue(list, out var path) ? [.. path, "@items"] : null) ?? CelEstimate.Unknown;

    /// <summary>Type of a piece.</summary>
    internal CelType TypeOf(CelNode node) => facts.Types[node];

    /// <summary>Size of what a piece evaluates to; 1 for what has none.</summary>
    internal CelEstimate Size(CelNode node) =>
        KnownSize(node) ?? (TypeOf(node).Kind is CelKind.Bool or CelKind.Double or CelKind.Duration or CelKind.Int or CelKind.Timestamp or CelKind.Uint ? One : CelEstimate.Unknown);

    private CelEstimate Sum(IEnumerable<CelNode> nodes) => nodes.Aggregate(default(CelEstimate), (sum, node) => sum + Cost(node));

    private CelEstimate? Computed(CelNode node)
    {
        if (_sizes.TryGetValue(node, out var size)) return size;
        return node switch
        {
            CelLiteral { Value: string text } => CelEstimate.Exactly((ulong)CelCosts.CodePoints(text)),
            CelLiteral { Value: byte[] bytes } => CelEstimate.Exactly((ulong)bytes.Length),
            CelLiteral => One,
            CelListLiteral list => CelEstimate.Exactly((ulong)list.Items.Count),
            CelMapLiteral map => CelEstimate.Exactly((ulong)map.Entries.Count),
            _ => null,
        };
    }

    private CelEstimate? Declared(IReadOnlyList<string>? path)
    {
        if (path is null || path.Count == 0) return null;
        var at = root;
        foreach (var step in path.Skip(1))
        {
            var next = step switch
            {
                "@items" or "@values" => at.Element,
                "@keys" => at.Key,
                _ => at.Fields?.GetValueOrDefault(CelNames.Unescape(step)),
            };
            if (next is null) return null;
            at = next;
        }
        return new CelEstimate(0, (ulong)at.Most);
    }

    private IReadOnlyList<string> PathOf(CelNode node) => _paths.GetValueOrDefault(node) ?? [];

    private CelEstimate Name(CelName name)
    {
        if (!_ranges.TryGetValue(name.Name, out var ranges) || ranges.Count == 0) _paths[name] = [name.Name];
        else if (TypeOf(ranges.Peek()).Kind == CelKind.List) _paths[name] = [.. PathOf(ranges.Peek()), "@items"];
        else if (TypeOf(ranges.Peek()).Kind is CelKind.Map or CelKind.Object) _paths[name] = [.. PathOf(ranges.Peek()), "@keys"];
        return One;
    }

    private CelEstimate Select(CelSelect select)
    {
        var cost = Cost(select.Of);
        if (select.Optional) return cost + One;
        _paths[select] = [.. PathOf(select.Of), select.Field];
        return TypeOf(select.Of).Kind is CelKind.Map or CelKind.Object ? cost + One : cost;
    }

    private CelEstimate Index(CelIndex index)
    {
        var cost = Cost(index.Of) + Cost(index.Key) + One;
        if (index.Optional) return cost;
        switch (TypeOf(index.Of).Kind)
        {
            case CelKind.List: _paths[index] = [.. PathOf(index.Of), "@items"]; break;
            case CelKind.Map or CelKind.Object or CelKind.Dyn: _paths[index] = [.. PathOf(index.Of), "@values"]; break;
        }
        return cost;
    }

    private CelEstimate Call(CelCall call)
    {
        var (name, forms) = facts.Calls[call];
        var method = name[0] == '.';
        var cost = Sum(call.Arguments);
        if (method) cost += Cost(call.Target!);
        var costs = new CelEstimate(ulong.MaxValue, 0);
        CelEstimate? size = null;
        foreach (var form in forms)
        {
            var (own, result) = CelCallEstimates.Of(this, name, form, method ? [call.Target!, .. call.Arguments] : [.. call.Arguments]);
            costs = costs.Or(own);
            if (result is { } known) size = size?.Or(known) ?? known;
        }
        if (size is { } all) _sizes[call] = all;
        return cost + costs;
    }

    /// <summary>A comprehension, as cel-go expands it: ask whether to go on, fold the item in; the whole times the size of the range.</summary>
    private CelEstimate Macro(CelMacro macro)
    {
        var cost = Cost(macro.Range);
        if (!_ranges.TryGetValue(macro.Variable, out var ranges)) _ranges[macro.Variable] = ranges = new Stack<CelNode>();
        ranges.Push(macro.Range);
        CelEstimate[] bodies = [.. macro.Arguments.Select(Cost)];
        ranges.Pop();
        // Appending: name the list so far, make one of the item, add them.
        var append = One + MakingList + One;
        var (start, loop, result) = macro.Name switch
        {
            "all" => (default, CelEstimate.Exactly(2) + new CelEstimate(1, (One + bodies[0]).Max), One),
            "exists" => (default, CelEstimate.Exactly(3) + new CelEstimate(1, (One + bodies[0]).Max), One),
            "exists_one" => (default, bodies[0] + CelEstimate.Exactly(2).Or(One), CelEstimate.Exactly(2)),
            "filter" => (MakingList, bodies[0] + (append + One).Or(One), One),
            _ when bodies.Length == 2 => (MakingList, bodies[0] + (append + bodies[1]).Or(One), One),
            _ => (MakingList, append + bodies[0], One),
        };
        var size = Size(macro.Range);
        _sizes[macro] = size;
        return cost + start + result + size * loop;
    }

    /// <summary><c>target.hasValue() ? optional.of(body) : optional.none()</c>, the value being bound by a comprehension over nothing.</summary>
    private CelEstimate OptionalMacro(CelMacro macro)
    {
        var target = Cost(macro.Range);
        var bound = MakingList + target + One + Cost(macro.Arguments[0]);
        var made = macro.Name == "optMap" ? bound + One : bound;
        _sizes[macro] = CelEstimate.Unknown;
        return target + One + made.Or(One);
    }
}
