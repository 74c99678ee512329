using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Extensions;

/// <summary>Rules of a definition's <c>spec.conversion</c> (apiextensions-apiserver's validateCustomResourceConversion).</summary>
internal static class ConversionValidation
{
    // Upstream validates its internal form, whose names these are.
    private const string Client = "spec.conversion.webhookClientConfig";
    private const string Reviews = "spec.conversion.conversionReviewVersions";

    internal static void Validate(Field conversion, FieldErrors errors)
    {
        var (strategy, webhook) = (conversion["strategy"].Text, conversion["webhook"]);
        if (strategy is not ("" or "None" or "Webhook")) errors.NotSupported("spec.conversion.strategy", strategy, ["None", "Webhook"]);
        if (strategy != "Webhook")
        {
            if (webhook["clientConfig"].Exists) errors.Forbidden(Client, "should not be set when strategy is not set to Webhook");
            if (webhook["conversionReviewVersions"].Count > 0) errors.Forbidden(Reviews, "should not be set when strategy is not set to Webhook");
            return;
        }
        if (!webhook["clientConfig"].Exists) errors.Required(Client, "required when strategy is set to Webhook");
        else ClientConfig(webhook["clientConfig"], errors);
        Versions(webhook["conversionReviewVersions"], errors);
    }

    private static void ClientConfig(Field client, FieldErrors errors)
    {
        var found = new FieldErrors();
        WebhookValidation.Client(client, found);
        foreach (var cause in found.Causes) errors.Add(cause with { Field = cause.Field.Replace(client.Path.ToString(), Client, StringComparison.Ordinal) });
    }

    private static void Versions(Field versions, FieldErrors errors)
    {
        if (versions.Count == 0)
        {
            errors.Required(Reviews);
            return;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;
        foreach (var version in versions.Items)
        {
            var at = $"{Reviews}[{index++}]";
            if (!seen.Add(version.Text)) errors.Invalid(at, version.Text, "duplicate version");
            else foreach (var wrong in NameFormats.Dns1035Label(version.Text)) errors.Invalid(at, version.Text, wrong);
        }
        if (!seen.Overlaps(ConversionReview.Versions)) errors.Invalid(Reviews, versions.Value, $"must include at least one of {string.Join(", ", ConversionReview.Versions)}");
    }
}
