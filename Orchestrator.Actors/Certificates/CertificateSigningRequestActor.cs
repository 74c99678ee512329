using System.Text.Json.Nodes;
using Orchestrator.Actors.Caching;
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
///      ├── name of a node that is there or joins, or an administrator ──► Denied ────────────────────────┤
///      └── nobody decides for a day ──────────────────────────────────────────────────────────────────────┘
/// </code>
/// </remarks>
public sealed class CertificateSigningRequestActor : ControlLoopActor
{
    private static readonly TimeSpan DecidedLifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan PendingLifetime = TimeSpan.FromHours(24);

    /// <summary>How long a name belongs to the machine that joins under it, before its node is there: from its certificate to its registration takes it seconds.</summary>
    private static readonly TimeSpan JoiningTime = TimeSpan.FromMinutes(1);

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
            if (spec.Username == requested.User) return With("Approved", "AutoApproved", message);
            var node = requested.User[NodeUser.Prefix.Length..];
            if (IsReady(node)) return With("Denied", "NodeNameTaken", $"node {node} is in the cluster already, and ready");
            return Cache.List(Key.Resource).Any(other => IsBefore(other, requested.User))
                ? With("Denied", "NodeNameReserved", $"another machine is joining as node {node} at this moment")
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

    /// <summary>
    /// Whether that is another machine's request to join under this name, and has precedence: it was approved, or is the older of two that wait. This actor's picture holds everything older
    /// than its own request, so of two machines that ask at once at most one is let in, wherever their requests' actors are.
    /// </summary>
    private bool IsBefore(ResourceEntry entry, string user)
    {
        if (entry.Key == Key) return false;
        var other = entry.Read<CertificateSigningRequest>();
        var approved = Is(other.Status, "Approved");
        return other.Spec.SignerName == SignerNames.KubeletClient && (other.Spec.Groups ?? []).Contains(SigningRules.Bootstrappers)
            && !Is(other.Status, "Denied") && !Is(other.Status, "Failed") && (approved || entry.ResourceVersion < Current!.ResourceVersion)
            && other.Metadata.CreationTimestamp + JoiningTime > Services.Time.GetUtcNow() && UserOf(other) == user;
    }

    private static string? UserOf(CertificateSigningRequest request)
    {
        try
        {
            return RequestedCertificate.Parse(System.Text.Encoding.ASCII.GetString(request.Spec.Request ?? [])).User;
        }
        catch (FormatException)
        {
            return null; // nobody's: it fails
        }
    }

    private bool IsReady(string node) => Cache.Get(new ResourceKey("nodes", "", node))?.Read<Node>().Status.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    private static bool Is(CertificateSigningRequestStatus status, string type) => status.Conditions?.Any(c => c.Type == type && c.Status == "True") == true;
}
