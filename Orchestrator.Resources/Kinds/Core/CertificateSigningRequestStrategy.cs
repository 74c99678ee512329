using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds.Tables;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>Certificate signing requests (upstream: pkg/registry/certificates): the request never changes, approval and certificate come through subresources.</summary>
internal sealed class CertificateSigningRequestStrategy : RuledStrategy
{
    public CertificateSigningRequestStrategy()
    {
        Table = ClusterTables.CertificateSigningRequest;
        Fields = [("spec.signerName", "")];
        Rules = CertificateRequestValidation.Validate;
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource == "approval" ? "status" : subresource);
        obj.Remove("spec");
        if (old["spec"] is { } spec) obj["spec"] = spec.DeepClone();
        StampConditions(obj, old);
        // Approving does not issue, and issuing does not approve: the certificate belongs to status alone.
        if (subresource != "approval" || obj["status"] is not JsonObject status) return;
        status.Remove("certificate");
        if (old["status"]?["certificate"] is { } certificate) status["certificate"] = certificate.DeepClone();
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject obj, JsonObject old, string subresource, FieldErrors errors)
    {
        CertificateRequestValidation.Validate(Field.Of(obj), errors);
        CertificateRequestValidation.ValidateChange(Field.Of(obj), Field.Of(old), subresource, errors);
    }

    /// <summary>A condition that does not say since when it holds, as kubectl's, holds since it did before, or since it was set.</summary>
    private static void StampConditions(JsonObject obj, JsonObject old)
    {
        foreach (var condition in (obj["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (condition["lastTransitionTime"] is not null) continue;
            var before = (old["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(c => JsonNode.DeepEquals(c["type"], condition["type"]) && JsonNode.DeepEquals(c["status"], condition["status"]));
            if ((before?["lastTransitionTime"] ?? condition["lastUpdateTime"]) is { } since) condition["lastTransitionTime"] = since.DeepClone();
        }
    }
}
