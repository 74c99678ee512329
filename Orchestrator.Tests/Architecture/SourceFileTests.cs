using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Architecture;

public sealed class SourceFileTests
{
    private const int Longest = 500;

    /// <summary>A file that grows past this is two concepts.</summary>
    [Fact]
    public void No_source_file_of_the_product_is_longer_than_a_reader_bears()
    {
        var sources = Directory.GetDirectories(Repository.Root, "Orchestrator.*").Select(d => Path.GetFileName(d)).Append("eng").SelectMany(Repository.Sources).ToList();
        sources.Count.ShouldBeGreaterThan(300);
        sources.Select(s => (File: Path.GetRelativePath(Repository.Root, s), Lines: File.ReadLines(s).Count())).Where(s => s.Lines > Longest).ShouldBeEmpty();
    }
}
