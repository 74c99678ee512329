namespace Orchestrator.Tests.Nemesis;

/// <summary>
/// No double-active entity: every row of the journal was written by the member that its object's shard belonged to, by one life of it at a time, and an object's numbers
/// follow each other without a hole.
/// </summary>
public static class OwnershipChecker
{
    /// <summary>What is wrong, one line each.</summary>
    /// <param name="writes">In the order of the journal.</param>
    /// <param name="assignments">Each shard's in order.</param>
    /// <param name="shardOf">The shard of an object.</param>
    public static IReadOnlyList<string> Check(IReadOnlyList<AuditedWrite> writes, IReadOnlyList<AuditedAssignment> assignments, Func<string, string> shardOf)
    {
        var problems = new List<string>();
        var owners = assignments.GroupBy(a => a.Shard).ToDictionary(shard => shard.Key, shard => shard.ToList());
        foreach (var (former, next) in owners.Values.SelectMany(all => all.Zip(all.Skip(1))))
            if (next.Epoch <= former.Epoch || next.After < former.After) problems.Add($"{next} does not follow on {former}");
        var newest = new Dictionary<string, AuditedWrite>();
        var lives = new Dictionary<(string Shard, long Epoch), AuditedWrite>();
        foreach (var write in writes)
        {
            if (newest.TryGetValue(write.Object, out var before) ? write.SequenceNr != before.SequenceNr + 1 : write.SequenceNr != 1)
                problems.Add($"{write} does not follow on {before?.ToString() ?? "nothing"}");
            newest[write.Object] = write;
            var shard = shardOf(write.Object);
            if (OwnerAt(owners.GetValueOrDefault(shard), write.Ordering) is not { } owner)
            {
                problems.Add($"{write} was written when shard {shard} belonged to nobody");
                continue;
            }
            if (owner.Owner != write.Member) problems.Add($"{write} was written when its shard was {owner.Owner}'s: {owner}");
            // A killed member that is back has a new life; the old one may not write beside it.
            if (lives.TryGetValue((shard, owner.Epoch), out var earlier) && write.Life < earlier.Life) problems.Add($"{write} was written by an earlier life than {earlier}");
            lives[(shard, owner.Epoch)] = write;
        }
        return problems;
    }

    /// <summary>Whose the shard was when that row was written, and since when; null for nobody's.</summary>
    public static AuditedAssignment? OwnerAt(IReadOnlyList<AuditedAssignment>? assignments, long ordering) => assignments?.LastOrDefault(a => a.After < ordering);
}
