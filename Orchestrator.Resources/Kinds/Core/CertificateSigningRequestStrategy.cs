using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds.Tables;

namespace Orchestrator.Resources.Kinds.Core;

/// <summary>Certificate signing requests (upstream: pkg/registry/certificates): the request never changes, approval and certificate come through subresources.</summary>
internal sealed class CertificateSigningRequestStrategy : RuledStrategy
{
    public CertificateSigningRequestStrategy()
    {
        Table = ClusterTables.CertificateSigningRequest;
        Fields = [("spec.signerName", "")];
        Rules = static (csr, errors) =>
        {
            foreach (var needed in (ReadOnlySpan<string>)["signerName", "request"])
                if (csr["spec"][needed].Text.Length == 0) errors.Required(csr["spec"][needed].Path.ToString());
            if (csr["spec"]["usages"].Count == 0) errors.Required(csr["spec"]["usages"].Path.ToString());
        };
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject obj, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(obj, old, subresource == "approval" ? "status" : subresource);
        obj.Remove("spec");
        if (old["spec"] is { } spec) obj["spec"] = spec.DeepClone();
        // Approving does not issue, and issuing does not approve: the certificate belongs to status alone.
        if (subresource != "approval" || obj["status"] is not JsonObject status) return;
        status.Remove("certificate");
        if (old["status"]?["certificate"] is { } certificate) status["certificate"] = certificate.DeepClone();
    }
}
