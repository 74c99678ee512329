using Orchestrator.Resources.Errors;

namespace Orchestrator.Resources.Apply;

/// <summary>A field that an apply would change and that somebody else owns.</summary>
internal sealed record ApplyConflict(ManagedEntry Owner, IReadOnlyList<string> Path)
{
    /// <summary>409 with a cause per conflict, in upstream's words.</summary>
    internal static ApiStatus Status(IReadOnlyList<ApplyConflict> conflicts)
    {
        var causes = conflicts.Select(c => new StatusCause("FieldManagerConflict", $"conflict with {c.Owner.Print()}", PathElement.Print(c.Path))).ToList();
        return new ApiStatus(409, "Conflict", Message(conflicts)) { Causes = causes };
    }

    private static string Message(IReadOnlyList<ApplyConflict> conflicts)
    {
        if (conflicts.Count == 1) return $"Apply failed with 1 conflict: conflict with {conflicts[0].Owner.Print()}: {PathElement.Print(conflicts[0].Path)}";
        var lines = new List<string>();
        foreach (var owner in conflicts.GroupBy(c => c.Owner.Print(), StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            lines.Add($"conflicts with {owner.Key}:");
            lines.AddRange(owner.Select(c => $"- {PathElement.Print(c.Path)}"));
        }
        return $"Apply failed with {conflicts.Count} conflicts: {string.Join('\n', lines)}";
    }
}

/// <summary>An apply that was not forced meets fields of others.</summary>
internal sealed class ApplyConflictException(IReadOnlyList<ApplyConflict> conflicts) : Exception("apply conflict")
{
    /// <summary>Every one of them.</summary>
    internal IReadOnlyList<ApplyConflict> Conflicts { get; } = conflicts;
}
