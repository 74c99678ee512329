namespace Orchestrator.Actors.Scheduling.Topology;

/// <summary>Arrays by number that grow when a higher number appears.</summary>
internal static class Slots
{
    /// <summary>Makes sure that <paramref name="index"/> is there; new places hold <paramref name="filler"/>.</summary>
    public static void Reach<T>(ref T[] array, int index, T filler)
    {
        if (index < array.Length) return;
        var before = array.Length;
        Array.Resize(ref array, Math.Max(index + 1, Math.Max(16, before * 2)));
        Array.Fill(array, filler, before, array.Length - before);
    }
}
