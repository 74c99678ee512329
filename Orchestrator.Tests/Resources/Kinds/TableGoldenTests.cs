using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Tests.Actors.Workloads;
using Shouldly;

namespace Orchestrator.Tests.Resources.Kinds;

/// <summary>Every file in <c>Golden/</c> holds pairs of documents: an object, and its row as <c>Column: cell</c> in the columns' order, seen on 2026-01-01 at noon.</summary>
public sealed class TableGoldenTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (var file in Directory.GetFiles(Folder(), "*.yaml").Order(StringComparer.Ordinal))
            for (var i = 0; i < YamlDocuments.Read(file).Count; i += 2) cases.Add(Path.GetFileNameWithoutExtension(file), i);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_row_shows_what_its_golden_file_says(string file, int index)
    {
        var documents = YamlDocuments.Read(Path.Combine(Folder(), $"{file}.yaml"));
        var obj = documents[index]!.AsObject();
        var strategy = KindCatalog.Default.FindByApiVersion((string)obj["apiVersion"]!, (string)obj["kind"]!)!.Strategy;

        var row = strategy.TableColumns.Zip(strategy.Cells(obj, Now), (column, cell) => $"{column.Name}: {cell?.ToJsonString(Relaxed)}");

        row.ShouldBe(documents[index + 1]!.AsObject().Select(p => $"{p.Key}: {p.Value?.ToJsonString(Relaxed)}"));
    }

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Folder([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "Golden");
}
