using System.Text.Json.Nodes;
using Orchestrator.Resources.Admission;

namespace Orchestrator.Resources.Extensions;

/// <summary>Who converts a custom kind's objects between its versions: <c>spec.conversion.webhook</c> of a definition. <see cref="ReviewVersion"/> is the form it is asked in.</summary>
public sealed record ConversionWebhook(WebhookClient Client, string ReviewVersion)
{
    /// <summary>How long it may take, as upstream has it: nobody can set it.</summary>
    public static TimeSpan Timeout { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The webhook of a validated <c>spec.conversion</c>, or null where versions are converted without one.</summary>
    internal static ConversionWebhook? Of(JsonObject? conversion)
    {
        if ((string?)conversion?["strategy"] != "Webhook" || conversion["webhook"] is not JsonObject webhook) return null;
        var version = (webhook["conversionReviewVersions"] as JsonArray ?? []).Select(v => (string?)v ?? "").FirstOrDefault(ConversionReview.Versions.Contains) ?? "";
        return new ConversionWebhook(WebhookClient.Of(webhook["clientConfig"] as JsonObject ?? []), version);
    }
}
