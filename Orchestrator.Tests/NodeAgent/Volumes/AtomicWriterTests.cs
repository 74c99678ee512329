using System.Text;
using Orchestrator.NodeAgent.Volumes;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.NodeAgent.Volumes;

public sealed class AtomicWriterTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly string _directory = Directory.CreateTempSubdirectory("atomic-writer-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Files_are_reached_through_the_data_link()
    {
        AtomicWriter.Write(_directory, Files(("key", "one"), ("dir/nested", "two")), null, Now).ShouldBeTrue();
        File.ReadAllText(Path.Combine(_directory, "key")).ShouldBe("one");
        File.ReadAllText(Path.Combine(_directory, "dir/nested")).ShouldBe("two");
        new FileInfo(Path.Combine(_directory, "key")).LinkTarget.ShouldBe("..data/key");
    }

    [Fact]
    public void Nothing_is_written_where_nothing_changed()
    {
        AtomicWriter.Write(_directory, Files(("key", "one")), null, Now);
        AtomicWriter.Write(_directory, Files(("key", "one")), null, Now.AddMinutes(1)).ShouldBeFalse();
    }

    [Fact]
    public void An_update_replaces_all_files_and_leaves_nothing_behind()
    {
        AtomicWriter.Write(_directory, Files(("key", "one"), ("old", "x")), null, Now);
        AtomicWriter.Write(_directory, Files(("key", "two")), null, Now.AddMinutes(1)).ShouldBeTrue();
        File.ReadAllText(Path.Combine(_directory, "key")).ShouldBe("two");
        File.Exists(Path.Combine(_directory, "old")).ShouldBeFalse();
        Directory.GetDirectories(_directory, "..2*").Length.ShouldBe(1);
    }

    private static Dictionary<string, FileProjection> Files(params (string Path, string Text)[] files) =>
        files.ToDictionary(f => f.Path, f => new FileProjection(Encoding.UTF8.GetBytes(f.Text), 0x1A4));
}
