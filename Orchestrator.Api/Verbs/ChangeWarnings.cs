using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
using Orchestrator.Api.Hosting;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources.Admission;

namespace Orchestrator.Api.Verbs;

/// <summary>
/// What to tell who has changed an object that says what pods are to be: as upstream, only where its spec has changed, and nothing about a pod itself, which hardly anybody changes by hand.
/// </summary>
internal static class ChangeWarnings
{
    /// <summary>The warnings about what a write has made of the object, which was <paramref name="before"/>.</summary>
    public static IReadOnlyList<string> Of(ApiCall call, ResourceEntry? before, ResourceReply reply)
    {
        if (call.Request.Subresource.Length > 0 || !PodTemplates.Makes(call.Kind) || reply is not ResourceWritten { Json: { } json, Created: var created }) return [];
        if (!created && call.Kind is { Group: "", Kind: "Pod" }) return [];
        var obj = JsonNode.Parse(json.Span)!.AsObject();
        var warnings = PodWarnings.Of(call.Kind, obj);
        return warnings.Count == 0 || created || before is null || Generation(before.ToJsonObject()) != Generation(obj) ? warnings : [];
    }

    private static long? Generation(JsonObject obj) => (long?)obj["metadata"]?["generation"];
}
