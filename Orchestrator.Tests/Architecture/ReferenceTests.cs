using System.Reflection;
using System.Text;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Architecture;

/// <summary>What may depend on what.</summary>
public sealed class ReferenceTests
{
    /// <summary>Each project of the product with those of ours that it may use; whatever runs the product may use all of it.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Orchestrator.Engine"] = [],
        ["Orchestrator.TestKit"] = ["Orchestrator.Engine"],
        ["Orchestrator.Resources"] = [],
        ["Orchestrator.Protocol"] = ["Orchestrator.Engine", "Orchestrator.Resources"],
        ["Orchestrator.Actors"] = ["Orchestrator.Engine", "Orchestrator.Resources", "Orchestrator.Protocol"],
        ["Orchestrator.NodeAgent"] = ["Orchestrator.Engine", "Orchestrator.Resources", "Orchestrator.Protocol"],
        ["Orchestrator.Api"] = ["Orchestrator.Engine", "Orchestrator.Resources", "Orchestrator.Protocol", "Orchestrator.Actors", "Orchestrator.NodeAgent"],
    };

    private static readonly string[] Unbounded = ["Orchestrator.Tests", "Orchestrator.Bench"];

    private static readonly string[] Projects = [.. Directory.GetFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
        .Where(p => !p.Contains($"{Path.DirectorySeparatorChar}artifacts{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    [Fact]
    public void A_project_refers_only_to_what_the_design_allows_it()
    {
        var product = Projects.Where(p => Path.GetDirectoryName(Path.GetDirectoryName(p)) == Repository.Root && !Unbounded.Contains(Path.GetFileNameWithoutExtension(p))).ToList();
        product.Select(p => Path.GetFileNameWithoutExtension(p)!).ShouldBe(Allowed.Keys, ignoreOrder: true);
        foreach (var project in product)
            Items(project, "ProjectReference").Select(i => Path.GetFileNameWithoutExtension(i)!).Except(Allowed[Path.GetFileNameWithoutExtension(project)!]).ShouldBeEmpty(project);
    }

    [Fact]
    public void An_assembly_refers_only_to_what_the_design_allows_it()
    {
        foreach (var (name, allowed) in Allowed)
        {
            var file = name == "Orchestrator.Api" ? typeof(Orchestrator.Api.Hosting.ApiServer).Assembly : Assembly.Load(name);
            file.GetReferencedAssemblies().Select(a => a.Name!).Where(a => a.StartsWith("Orchestrator", StringComparison.OrdinalIgnoreCase)).Except(allowed).ShouldBeEmpty(name);
        }
    }

    [Fact]
    public void Dependencies_are_those_that_were_approved()
    {
        var text = new StringBuilder("# Packages and frameworks of each project, then the versions.\n");
        foreach (var project in Projects)
        {
            var uses = Items(project, "FrameworkReference").Concat(Items(project, "PackageReference")).Order(StringComparer.Ordinal).ToList();
            if (uses.Count > 0) text.Append(Path.GetFileNameWithoutExtension(project)).Append(": ").AppendJoin(", ", uses).Append('\n');
        }
        foreach (var file in (string[])["Directory.Build.props", "Directory.Packages.props"])
        {
            var root = XDocument.Load(Path.Combine(Repository.Root, file)).Root!;
            foreach (var item in root.Descendants().Where(e => e.Name.LocalName is "PackageReference" or "PackageVersion"))
                text.Append($"{file}: {(string?)item.Attribute("Include")} {(string?)item.Attribute("Version")}".TrimEnd()).Append('\n');
        }
        Repository.ShouldBeApproved(text.ToString(), "approved-dependencies.txt");
    }

    private static IEnumerable<string> Items(string project, string kind) =>
        XDocument.Load(project).Root!.Descendants(kind).Select(e => ((string)e.Attribute("Include")!).Replace('\\', '/'));
}
