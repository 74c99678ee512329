using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Admission;

/// <summary>The refusal of one of several webhooks asked at once, with what it warned about.</summary>
internal sealed class AdmissionRefusal(ApiStatus status, IReadOnlyList<string> warnings) : StatusException(status)
{
    /// <summary>Its warnings.</summary>
    public IReadOnlyList<string> Warnings { get; } = warnings;
}

/// <summary>The Status of a request that a webhook denies (k8s.io/apiserver plugin/webhook/errors).</summary>
internal static class WebhookRefusal
{
    /// <summary>From the webhook's own <c>status</c>, which may say nothing.</summary>
    public static ApiStatus Of(string webhook, JsonObject? result)
    {
        var denied = $"admission webhook \"{webhook}\" denied the request";
        var (message, reason, code) = ((string?)result?["message"] ?? "", (string?)result?["reason"] ?? "", (int?)result?["code"] ?? 0);
        var text = message.Length > 0 ? $"{denied}: {message}" : reason.Length > 0 ? $"{denied}: {reason}" : $"{denied} without explanation";
        var details = result?["details"] as JsonObject;
        return new ApiStatus(Math.Clamp(code, 400, 599), reason, text)
        {
            Name = (string?)details?["name"],
            Group = (string?)details?["group"],
            Kind = (string?)details?["kind"],
            Causes = [.. (details?["causes"] as JsonArray ?? []).OfType<JsonObject>().Select(c => new StatusCause((string?)c["reason"] ?? "", (string?)c["message"] ?? "", (string?)c["field"] ?? ""))],
            RetryAfterSeconds = (int?)details?["retryAfterSeconds"] ?? 0,
        };
    }
}
