using System.Text.Json.Nodes;
using Orchestrator.Actors.Extensions;
using Orchestrator.Api.Admission;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Api.Conversion;

/// <summary>Asks conversion webhooks, several objects at once, and takes their answers only where they keep to the rules.</summary>
internal sealed class WebhookConverter(WebhookCaller caller) : IObjectConverter
{
    // Objects in one question: a list of a large kind does not become one document.
    private const int AtOnce = 200;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JsonObject>> ConvertAsync(ConversionWebhook webhook, IReadOnlyList<JsonObject> objects, ResourceKind to, CancellationToken cancel)
    {
        var converted = new List<JsonObject>(objects.Count);
        foreach (var chunk in objects.Chunk(AtOnce)) converted.AddRange(await AskAsync(webhook, chunk, to, cancel));
        return converted;
    }

    private async Task<IReadOnlyList<JsonObject>> AskAsync(ConversionWebhook webhook, JsonObject[] objects, ResourceKind to, CancellationToken cancel)
    {
        ApiStatus Wrong(string what) => ApiStatus.Unknown($"conversion webhook for {objects[0]["apiVersion"]}, Kind={objects[0]["kind"]} {what}");
        var uid = Guid.NewGuid().ToString();
        try
        {
            var body = await caller.PostAsync(webhook.Client, ConversionWebhook.Timeout, ConversionReview.Request(webhook.ReviewVersion, uid, objects, to.ApiVersion), cancel);
            return ConversionReview.Converted(body.Span, webhook.ReviewVersion, uid, objects, to.ApiVersion);
        }
        catch (IOException e)
        {
            throw Wrong($"failed: {e.Message}").AsException();
        }
        catch (FormatException e)
        {
            throw Wrong(e.Message).AsException();
        }
    }
}
