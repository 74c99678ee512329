namespace Orchestrator.Resources.Cel;

/// <summary>
/// What comprehensions do. They cost what cel-go's expansions of them cost: each asks before an item whether to go on, and folds what comes of the item into a variable of its own.
/// </summary>
internal static class CelMacros
{
    /// <summary>Runs a macro over a range; the item goes into a slot of the frame.</summary>
    internal static object? Run(string name, object? range, int slot, CelEval[] bodies, CelFrame frame)
    {
        var items = CelValue.Range(range);
        return name switch
        {
            "all" => Quantified(items, slot, bodies[0], frame, decides: false),
            "exists" => Quantified(items, slot, bodies[0], frame, decides: true),
            "exists_one" => One(items, slot, bodies[0], frame),
            "filter" => Filtered(items, slot, bodies[0], frame),
            _ => Mapped(items, slot, bodies, frame),
        };
    }

    /// <summary>One deciding item settles it, whatever fails elsewhere.</summary>
    private static bool Quantified(IEnumerable<object?> items, int slot, CelEval body, CelFrame frame, bool decides)
    {
        CelEvaluationException? failed = null;
        var decided = false;
        var ask = decides ? 3 : 2; // the result so far and whether it is settled; of exists, negated
        foreach (var item in items)
        {
            frame.Spend(ask);
            if (decided) break;
            frame.Spend(CelCosts.Access);
            frame.Slots[slot] = item;
            try
            {
                decided = CelValue.Flag(body(frame)) == decides;
            }
            catch (CelEvaluationException e) when (e is not CelCostException)
            {
                failed ??= e;
            }
        }
        frame.Spend(CelCosts.Access);
        if (decided) return decides;
        return failed is null ? !decides : throw failed;
    }

    private static bool One(IEnumerable<object?> items, int slot, CelEval body, CelFrame frame)
    {
        var count = 0;
        foreach (var item in items)
        {
            frame.Slots[slot] = item;
            if (!CelValue.Flag(body(frame))) continue;
            count++;
            frame.Spend(CelCosts.Access + 1);
        }
        frame.Spend(CelCosts.Access + 1);
        return count == 1;
    }

    private static CelList Filtered(IEnumerable<object?> items, int slot, CelEval body, CelFrame frame)
    {
        var result = new List<object?>();
        foreach (var item in items)
        {
            frame.Slots[slot] = item;
            if (!CelValue.Flag(body(frame))) continue;
            result.Add(item);
            frame.Spend(CelCosts.Access + CelCosts.List + CelCosts.Access + 1);
        }
        frame.Spend(CelCosts.Access);
        return new CelList(result);
    }

    private static CelList Mapped(IEnumerable<object?> items, int slot, CelEval[] bodies, CelFrame frame)
    {
        var result = new List<object?>();
        foreach (var item in items)
        {
            frame.Slots[slot] = item;
            if (bodies.Length == 2 && !CelValue.Flag(bodies[0](frame))) continue;
            result.Add(bodies[^1](frame));
            frame.Spend(CelCosts.Access + CelCosts.List + 1);
        }
        frame.Spend(CelCosts.Access);
        return new CelList(result);
    }
}
