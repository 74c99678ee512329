using System.Collections;

namespace Orchestrator.Resources.Cel;

/// <summary>The items of one list and then those of another. Joining costs one unit however long the lists are, so it copies nothing.</summary>
internal sealed class CelJoinedItems(IReadOnlyList<object?> first, IReadOnlyList<object?> second) : IReadOnlyList<object?>
{
    public int Count { get; } = first.Count <= int.MaxValue - second.Count ? first.Count + second.Count : throw new CelCostException();

    public object? this[int index] => index < first.Count ? first[index] : second[index - first.Count];

    public IEnumerator<object?> GetEnumerator()
    {
        // Lists of lists of lists are walked without a call for each level.
        var rest = new Stack<IReadOnlyList<object?>>();
        rest.Push(this);
        while (rest.TryPop(out var list))
        {
            if (list is CelJoinedItems joined)
            {
                rest.Push(joined.Second);
                rest.Push(joined.First);
                continue;
            }
            foreach (var item in list) yield return item;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IReadOnlyList<object?> First => first;

    private IReadOnlyList<object?> Second => second;
}
