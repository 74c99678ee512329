using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Patches;

/// <summary>
/// The order of a merged list. Elements that the patch names follow the patch's order; those only the server has keep the server's; the two
/// sequences are interleaved by the server's order where both sides of a comparison are known there, and the patch's element goes first otherwise.
/// </summary>
internal static class ListOrder
{
    /// <summary>Arranges <paramref name="merged"/>; elements are identified by <paramref name="mergeKey"/>, or by value when it is null.</summary>
    internal static JsonArray Arrange(JsonArray merged, JsonArray patchOrder, IList<JsonNode?> serverOrder, string? mergeKey)
    {
        var (patchItems, serverItems) = (new List<JsonNode?>(), new List<JsonNode?>());
        foreach (var item in merged) (Index(patchOrder, item, mergeKey) >= 0 ? patchItems : serverItems).Add(item);
        Sort(patchItems, patchOrder, mergeKey);
        Sort(serverItems, serverOrder, mergeKey);
        return [.. Interleave(serverItems, patchItems, serverOrder, mergeKey).Select(i => i?.DeepClone())];
    }

    /// <summary>Both lists of scalars without duplicates.</summary>
    internal static JsonArray Union(JsonArray left, JsonArray right)
    {
        var result = new JsonArray();
        foreach (var item in left.Concat(right))
            if (!result.Any(r => JsonNode.DeepEquals(r, item))) result.Add(item?.DeepClone());
        return result;
    }

    /// <summary>The element's merge key value; a 422 when it has none.</summary>
    internal static JsonNode? KeyOf(JsonNode? item, string mergeKey) => item is JsonObject obj && obj.TryGetPropertyValue(mergeKey, out var value)
        ? value
        : throw PatchErrors.DoesNotApply($"map: {item?.ToJsonString() ?? "null"} does not contain declared merge key: {mergeKey}");

    /// <summary>The patch's elements must stand in the order that <c>$setElementOrder</c> gives, each of them named there.</summary>
    internal static void CheckPatchFollows(JsonArray? patch, JsonArray order, string? mergeKey)
    {
        if (patch is null || patch.Count == 0 || order.Count == 0) return;
        var items = patch.Where(i => !(i is JsonObject obj && obj.ContainsKey("$patch"))).ToList();
        var (at, next) = (0, 0);
        while (next < items.Count && at < order.Count)
        {
            if (SameElement(items[next], order[at], mergeKey)) next++;
            at++;
        }
        if (next < items.Count)
            throw PatchErrors.DoesNotApply($"The order in patch list:\n{patch.ToJsonString()}\n doesn't match $setElementOrder list:\n{order.ToJsonString()}\n");
    }

    /// <summary>Insertion sort with upstream's comparison, in which an element the order does not know comes before its neighbour.</summary>
    private static void Sort(List<JsonNode?> items, IList<JsonNode?> order, string? mergeKey)
    {
        var places = items.ConvertAll(i => Index(order, i, mergeKey));
        for (var i = 1; i < items.Count; i++)
            for (var j = i; j > 0 && (places[j] < 0 || places[j - 1] < 0 || places[j] < places[j - 1]); j--)
            {
                (items[j], items[j - 1]) = (items[j - 1], items[j]);
                (places[j], places[j - 1]) = (places[j - 1], places[j]);
            }
    }

    private static IEnumerable<JsonNode?> Interleave(List<JsonNode?> server, List<JsonNode?> patch, IList<JsonNode?> serverOrder, string? mergeKey)
    {
        var (i, j) = (0, 0);
        while (i < server.Count || j < patch.Count)
        {
            if (i >= server.Count) yield return patch[j++];
            else if (j >= patch.Count) yield return server[i++];
            else
            {
                var (left, right) = (Index(serverOrder, server[i], mergeKey), Index(serverOrder, patch[j], mergeKey));
                yield return left >= 0 && right >= 0 && left < right ? server[i++] : patch[j++];
            }
        }
    }

    private static int Index(IList<JsonNode?> list, JsonNode? item, string? mergeKey)
    {
        for (var i = 0; i < list.Count; i++)
            if (SameElement(item, list[i], mergeKey)) return i;
        return -1;
    }

    private static bool SameElement(JsonNode? left, JsonNode? right, string? mergeKey) =>
        mergeKey is null || left is not JsonObject ? JsonNode.DeepEquals(left, right) : JsonNode.DeepEquals(KeyOf(left, mergeKey), KeyOf(right, mergeKey));
}
