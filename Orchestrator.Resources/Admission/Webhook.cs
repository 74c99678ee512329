using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Admission;

/// <summary>One webhook of a stored, thus defaulted and validated, MutatingWebhookConfiguration or ValidatingWebhookConfiguration.</summary>
public sealed class Webhook
{
    /// <summary>Compiles one entry of <c>webhooks</c>.</summary>
    public Webhook(JsonObject json, bool mutating)
    {
        Name = (string?)json["name"] ?? "";
        IsMutating = mutating;
        Match = new AdmissionMatch(json);
        IgnoresFailure = (string?)json["failurePolicy"] == "Ignore";
        HasSideEffects = (string?)json["sideEffects"] is not ("None" or "NoneOnDryRun");
        Timeout = TimeSpan.FromSeconds((int?)json["timeoutSeconds"] ?? 10);
        IsReinvoked = (string?)json["reinvocationPolicy"] == "IfNeeded";
        ReviewVersion = (json["admissionReviewVersions"] as JsonArray ?? []).Select(v => (string?)v ?? "").FirstOrDefault(v => AdmissionReview.Versions.Contains(v)) ?? "";
        Conditions = AdmissionConditions.Of(json["matchConditions"]);
        Client = WebhookClient.Of(json["clientConfig"] as JsonObject ?? []);
    }

    /// <summary>Its fully qualified name.</summary>
    public string Name { get; }

    /// <summary>Whether it may change objects.</summary>
    public bool IsMutating { get; }

    /// <summary>What it is about.</summary>
    public AdmissionMatch Match { get; }

    /// <summary>Its match conditions.</summary>
    public AdmissionConditions Conditions { get; }

    /// <summary><c>failurePolicy: Ignore</c>: a webhook that cannot be asked has nothing to say.</summary>
    public bool IgnoresFailure { get; }

    /// <summary>Whether asking it may change something elsewhere even for a dry run.</summary>
    public bool HasSideEffects { get; }

    /// <summary>How long to wait for its answer.</summary>
    public TimeSpan Timeout { get; }

    /// <summary><c>reinvocationPolicy: IfNeeded</c>: asked once more where a later one has changed the object.</summary>
    public bool IsReinvoked { get; }

    /// <summary><c>v1</c> or <c>v1beta1</c>; empty where it speaks neither.</summary>
    public string ReviewVersion { get; }

    /// <summary>Where it is.</summary>
    public WebhookClient Client { get; }
}

/// <summary>
/// A webhook's <c>clientConfig</c>, or another reference of that form: a URL, or a port of a Service in the cluster whose certificate is for
/// <c>{name}.{namespace}.svc</c>. <see cref="CaBundle"/> is PEM, empty for the system's authorities.
/// </summary>
public sealed record WebhookClient(Uri Url, string Namespace, string Service, int Port, string CaBundle)
{
    /// <summary>Whether it is a Service in the cluster.</summary>
    public bool IsService => Service.Length > 0;

    /// <summary>Reads a validated <c>clientConfig</c>.</summary>
    public static WebhookClient Of(JsonObject config)
    {
        var bundle = (string?)config["caBundle"] is { Length: > 0 } base64 ? Encoding.UTF8.GetString(Convert.FromBase64String(base64)) : "";
        if (config["service"] is not JsonObject service) return new WebhookClient(new Uri((string?)config["url"] ?? "https://localhost/"), "", "", 0, bundle);
        var (ns, name, port) = ((string?)service["namespace"] ?? "", (string?)service["name"] ?? "", (int?)service["port"] ?? 443);
        var path = ((string?)service["path"] ?? "/").TrimStart('/');
        return new WebhookClient(new Uri(string.Create(CultureInfo.InvariantCulture, $"https://{name}.{ns}.svc:{port}/{path}")), ns, name, port, bundle);
    }
}
