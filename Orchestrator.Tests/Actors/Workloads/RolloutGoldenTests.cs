using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Workloads;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Apps.V1;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Actors.Workloads;

/// <summary>
/// Every file in <c>Golden/</c> is a case: a Deployment, its ReplicaSets (a <c>template: current</c> stands for the Deployment's own), then
/// <c>expect</c> with the actions in order, the conditions as <c>type=status reason</c>, and counts of the status worth naming; <c>justCreated</c> names the set whose creation has just succeeded.
/// </summary>
public sealed class RolloutGoldenTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Cases() =>
        [.. Directory.GetFiles(Folder(), "rollout-*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_deployment_decides_as_its_golden_case_says(string name)
    {
        var documents = YamlDocuments.Read(Path.Combine(Folder(), $"{name}.yaml"));
        var deployment = TypedJson.Read<Deployment>(documents[0]!);
        deployment.Spec.Selector = WorkloadObjects.Deployment(1).Spec.Selector;
        if (deployment.Spec.Template.Spec.Containers is null) deployment.Spec.Template = WorkloadObjects.Template("app:2");
        var livePods = new Dictionary<string, int>(StringComparer.Ordinal);
        var replicaSets = documents[1..^1].Select(d => ReadReplicaSet(d!.AsObject(), deployment, livePods)).ToList();
        var expected = documents[^1]!["expect"]!;

        var decision = RolloutPlan.Next(deployment, replicaSets, labels => labels?.GetValueOrDefault("app") == "web", uid => livePods.GetValueOrDefault(uid), (string?)expected["justCreated"], Now);

        var actual = new JsonObject
        {
            ["actions"] = new JsonArray([.. decision.Actions.Select(a => (JsonNode)JsonValue.Create(Describe(a))!)]),
            ["conditions"] = new JsonArray([.. (decision.Status.Conditions ?? []).OrderBy(c => c.Type, StringComparer.Ordinal).Select(c => (JsonNode)JsonValue.Create($"{c.Type}={c.Status} {c.Reason}")!)]),
        };
        foreach (var (key, value) in expected.AsObject())
            if (key == "status")
                foreach (var (field, wanted) in value!.AsObject())
                    ((long?)(TypedJson.ToNode(decision.Status)[field]) ?? 0).ShouldBe((long)wanted!, field);
            else if (key == "justCreated")
                continue;
            else if (key == "lookAgainAfter")
                (decision.LookAgainAfter is { } after ? (long)after.TotalSeconds : (long?)null).ShouldBe((long?)value);
            else
                Text(actual[key]).ShouldBe(Text(value), key);
    }

    private static string Describe(RolloutAction action) => action switch
    {
        RolloutAction.Create create => $"create {create.ReplicaSet.Metadata.Name.Split('-')[0]} size {create.ReplicaSet.Spec.Replicas} revision {create.ReplicaSet.Metadata.Annotations![RolloutAnnotations.Revision]}",
        RolloutAction.Update update => $"update {update.ReplicaSet.Metadata.Name}"
            + (update.From == update.To ? "" : $" size {update.From}->{update.To}")
            + string.Concat(update.Annotations.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $" {a.Key.Replace("deployment.kubernetes.io/", "", StringComparison.Ordinal)}={a.Value}"))
            + (update.MinReadySeconds is { } seconds ? $" minReadySeconds={seconds}" : ""),
        RolloutAction.Delete delete => $"delete {delete.ReplicaSet.Metadata.Name}",
        RolloutAction.Adopt adopt => $"adopt {adopt.ReplicaSet.Metadata.Name}",
        RolloutAction.Release release => $"release {release.ReplicaSet.Metadata.Name}",
        RolloutAction.SetRevision revision => $"revision {revision.Revision}",
        _ => action.ToString(),
    };

    private static ReplicaSet ReadReplicaSet(JsonObject json, Deployment deployment, Dictionary<string, int> livePods)
    {
        var current = (string?)json["spec"]?["template"] == "current";
        var image = (string?)json["spec"]?["image"] ?? "app:1";
        json["spec"]!.AsObject().Remove("template");
        json["spec"]!.AsObject().Remove("image");
        var orphan = (bool?)json["orphan"] == true;
        var replicaSet = TypedJson.Read<ReplicaSet>(json);
        replicaSet.Metadata.UID = $"uid-{replicaSet.Metadata.Name}";
        replicaSet.Metadata.Labels ??= new() { ["app"] = "web" };
        replicaSet.Spec.Template = TypedJson.Clone(current ? deployment.Spec.Template : WorkloadObjects.Template(image));
        replicaSet.Spec.Template.Metadata.Labels![PodTemplateHash.Label] = "x";
        if (!orphan) replicaSet.Metadata.OwnerReferences = [RolloutPlan.ControllerOf(deployment).Reference];
        if (json["livePods"] is { } live) livePods[replicaSet.Metadata.UID] = (int)(long)live;
        return replicaSet;
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Text(JsonNode? node) => node?.ToJsonString(Indented) ?? "[]";

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Golden");
}
