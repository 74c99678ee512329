using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Types.Certificates.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Actors.Certificates;

/// <summary>
/// A signing request's actor: approves what the rules approve, signs what is approved with the cluster's authority, and deletes what is old (upstream's approver, signers and cleaner).
/// </summary>
/// <remarks>
/// <code>
///   pending ── rules, or an administrator ──► Approved ── signed ──► certificate issued ── an hour ──► deleted
///      │                                          └── against the signer's rules ──► Failed ──────────────┤
///      ├── name of a node that is there, or an administrator ──► Denied ──────────────────────────────────┤
///      └── nobody decides for a day ──────────────────────────────────────────────────────────────────────┘
/// </code>
/// </remarks>
public sealed class CertificateSigningRequestActor : ControlLoopActor
{
    private static readonly TimeSpan DecidedLifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan PendingLifetime = TimeSpan.FromHours(24);

    /// <param name="key">The request.</param>
    /// <param name="services">Shared services.</param>
    public CertificateSigningRequestActor(ResourceKey key, ControlPlaneServices services) : base(key, services, "certificate-controller")
    {
    }

    /// <inheritdoc/>
    /// <remarks>Its age is watched by a timer.</remarks>
    protected override bool MayPassivate => Current is null && base.MayPassivate;

    /// <inheritdoc/>
    protected override void Reconcile()
    {
        var request = Current!.Read<CertificateSigningRequest>();
        var status = request.Status;
        if (status.Certificate is null or { Length: 0 } && !Is(status, "Denied") && !Is(status, "Failed") && SignerNames.IsOurs(request.Spec.SignerName) && Decide(request) is { } next)
        {
            WriteStatus(next);
            return;
        }
        var decided = status.Conditions?.Max(c => c.LastUpdateTime ?? c.LastTransitionTime) ?? request.Metadata.CreationTimestamp;
        var lifetime = status.Certificate is { Length: > 0 } || Is(status, "Denied") || Is(status, "Failed") ? DecidedLifetime : PendingLifetime;
        var left = (decided ?? Services.Time.GetUtcNow()) + lifetime - Services.Time.GetUtcNow();
        if (left > TimeSpan.Zero) ReconcileAfter(left);
        else SendDelete(Kind, Key, Current!.Uid);
    }

    /// <summary>The status after the next step; null where there is none to take.</summary>
    private JsonObject? Decide(CertificateSigningRequest request)
    {
        var spec = request.Spec;
        if (Services.Options.CertificateSigner is not { } signer) return null;
        RequestedCertificate requested;
        try
        {
            requested = RequestedCertificate.Parse(System.Text.Encoding.ASCII.GetString(spec.Request ?? []));
        }
        catch (FormatException malformed)
        {
            return With("Failed", "SignerValidationFailure", malformed.Message);
        }
        if (!Is(request.Status, "Approved"))
        {
            if (SigningRules.Approval(spec.SignerName, requested, spec.Usages ?? [], spec.Username, spec.Groups ?? []) is not { } message) return null;
            return spec.Username != requested.User && IsReady(requested.User)
                ? With("Denied", "NodeNameTaken", $"node {requested.User[NodeUser.Prefix.Length..]} is in the cluster already, and ready")
                : With("Approved", "AutoApproved", message);
        }
        if (SigningRules.Refusal(spec.SignerName, requested, spec.Usages ?? []) is { } reason) return With("Failed", "SignerValidationFailure", reason);
        var pem = signer.Sign(requested, spec.Usages ?? [], spec.ExpirationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        var issued = CurrentObject()["status"] as JsonObject ?? [];
        issued = issued.DeepClone().AsObject();
        issued["certificate"] = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(pem));
        return issued;
    }

    private JsonObject With(string type, string reason, string message)
    {
        var status = (CurrentObject()["status"] as JsonObject)?.DeepClone().AsObject() ?? [];
        if (status["conditions"] is not JsonArray conditions) status["conditions"] = conditions = [];
        var now = ObjectMeta.Timestamp(Services.Time.GetUtcNow());
        conditions.Add(new JsonObject { ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = message, ["lastUpdateTime"] = now, ["lastTransitionTime"] = now });
        return status;
    }

    private bool IsReady(string user) => Cache.Get(new ResourceKey("nodes", "", user[NodeUser.Prefix.Length..]))?.Read<Node>().Status.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    private static bool Is(CertificateSigningRequestStatus status, string type) => status.Conditions?.Any(c => c.Type == type && c.Status == "True") == true;
}
