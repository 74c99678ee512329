using System.Runtime.CompilerServices;
using Shouldly;

namespace Orchestrator.Tests.Architecture;

/// <summary>The source tree these tests were built from, and the approved texts in it.</summary>
internal static class Repository
{
    /// <summary>Its root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>
    /// Compares with a checked-in file of this folder. With <c>UPDATE_APPROVALS=1</c> in the environment the file is written anew instead: its diff is
    /// then what a reviewer reads.
    /// </summary>
    public static void ShouldBeApproved(string actual, string file)
    {
        var path = Path.Combine(Root, "Orchestrator.Tests", "Architecture", file);
        if (Environment.GetEnvironmentVariable("UPDATE_APPROVALS") == "1") File.WriteAllText(path, actual);
        actual.ShouldBe(File.ReadAllText(path), $"{file} holds what was approved; where the change is meant, run this test with UPDATE_APPROVALS=1 and commit the file.");
    }

    /// <summary>C# sources of a project that people wrote.</summary>
    public static IEnumerable<string> Sources(string project) =>
        Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(Root, path).Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin" or "Generated"));

    private static string FindRoot([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
