namespace Orchestrator.Resources.Cel;

/// <summary>What comprehensions do.</summary>
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
            "exists_one" => Chosen(items, slot, bodies[0], frame).Count() == 1,
            "filter" => new CelList([.. Chosen(items, slot, bodies[0], frame)]),
            _ => Mapped(items, slot, bodies, frame),
        };
    }

    /// <summary>One deciding item settles it, whatever fails elsewhere.</summary>
    private static bool Quantified(IEnumerable<object?> items, int slot, CelEval body, CelFrame frame, bool decides)
    {
        CelEvaluationException? failed = null;
        foreach (var item in items)
        {
            frame.Spend(2);
            frame.Slots[slot] = item;
            try
            {
                if (CelValue.Flag(body(frame)) == decides) return decides;
            }
            catch (CelEvaluationException e) when (frame.Budget >= 0)
            {
                failed ??= e;
            }
        }
        return failed is null ? !decides : throw failed;
    }

    private static IEnumerable<object?> Chosen(IEnumerable<object?> items, int slot, CelEval body, CelFrame frame)
    {
        foreach (var item in items)
        {
            frame.Spend(2);
            frame.Slots[slot] = item;
            if (CelValue.Flag(body(frame))) yield return item;
        }
    }

    private static CelList Mapped(IEnumerable<object?> items, int slot, CelEval[] bodies, CelFrame frame)
    {
        var result = new List<object?>();
        foreach (var item in items)
        {
            frame.Spend(2);
            frame.Slots[slot] = item;
            if (bodies.Length == 2 && !CelValue.Flag(bodies[0](frame))) continue;
            result.Add(bodies[^1](frame));
        }
        return new CelList(result);
    }
}
