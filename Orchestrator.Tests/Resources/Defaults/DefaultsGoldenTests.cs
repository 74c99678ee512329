using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;
using Orchestrator.Tests.Actors.Workloads;
using Shouldly;

namespace Orchestrator.Tests.Resources.Defaults;

/// <summary>Every file in <c>Golden/</c> holds a manifest as a user writes it, and what is stored of it. Order of fields does not count.</summary>
public sealed class DefaultsGoldenTests
{
    public static TheoryData<string> Cases() => [.. Directory.GetFiles(Folder(), "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_manifest_is_completed_as_its_golden_file_says(string name)
    {
        var documents = YamlDocuments.Read(Path.Combine(Folder(), $"{name}.yaml"));
        var obj = documents[0]!.AsObject();
        var kind = KindCatalog.Default.FindByApiVersion((string)obj["apiVersion"]!, (string)obj["kind"]!)!;

        kind.Strategy.PrepareForCreate(obj);
        kind.Strategy.Default(obj);

        Sorted(obj).ShouldBe(Sorted(documents[1]!));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Defaults_of_a_completed_object_change_nothing(string name)
    {
        var obj = YamlDocuments.Read(Path.Combine(Folder(), $"{name}.yaml"))[1]!.AsObject();
        var before = Sorted(obj);
        var kind = KindCatalog.Default.FindByApiVersion((string)obj["apiVersion"]!, (string)obj["kind"]!)!;

        kind.Strategy.Default(obj);

        Sorted(obj).ShouldBe(before);
    }

    /// <summary>Indented JSON with sorted keys: differences show line by line.</summary>
    internal static string Sorted(JsonNode node)
    {
        return Sort(node)!.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });

        static JsonNode? Sort(JsonNode? value) => value switch
        {
            JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sort(p.Value)))),
            JsonArray list => new JsonArray([.. list.Select(Sort)]),
            _ => value?.DeepClone(),
        };
    }

    private static string Folder([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "Golden");
}
