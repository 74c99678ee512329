namespace Orchestrator.Actors.Certificates;

/// <summary>What each of the cluster's signers takes, as upstream's signers do. Pure.</summary>
public static class SigningRules
{
    /// <summary>Group that bootstrap tokens give.</summary>
    public const string Bootstrappers = "system:bootstrappers";

    private static readonly string[] ReservedGroups = ["system:masters", "orchestrator:members"];

    /// <summary>Why the signer does not sign this request, however approved; null where it does.</summary>
    public static string? Refusal(string signer, RequestedCertificate requested, IReadOnlyCollection<string> usages) => signer switch
    {
        SignerNames.KubeletClient => NodeSubject(requested) ?? NoNames(requested) ?? ClientUsages(usages),
        SignerNames.KubeletServing => NodeSubject(requested) ?? ServingNames(requested) ?? ServingUsages(usages),
        _ => ClientUsages(usages) ?? Reserved(requested),
    };

    /// <summary>
    /// Whether a request is approved without an administrator, and in what words: a node's client certificate, asked for with a bootstrap token, or by the node itself.
    /// Null where somebody has to decide.
    /// </summary>
    public static string? Approval(string signer, RequestedCertificate requested, IReadOnlyCollection<string> usages, string username, IReadOnlyCollection<string> groups)
    {
        if (signer != SignerNames.KubeletClient || Refusal(signer, requested, usages) is not null) return null;
        if (username == requested.User && NodeUser.NodeOf(username, groups) is not null) return "Auto approving self kubelet client certificate after SubjectAccessReview.";
        return groups.Contains(Bootstrappers) ? "Auto approving kubelet client certificate after SubjectAccessReview." : null;
    }

    private static string? NodeSubject(RequestedCertificate requested)
    {
        if (requested.Groups is not [NodeUser.Group]) return "subject organization is not system:nodes";
        return NodeUser.NodeOf(requested.User, requested.Groups) is null ? "subject common name does not begin with system:node:" : null;
    }

    private static string? NoNames(RequestedCertificate requested)
    {
        if (requested.DnsNames.Count > 0) return "DNS subjectAltNames are not allowed";
        if (requested.Emails.Count > 0) return "Email subjectAltNames are not allowed";
        if (requested.Addresses.Count > 0) return "IP subjectAltNames are not allowed";
        return requested.Uris.Count > 0 ? "URI subjectAltNames are not allowed" : null;
    }

    private static string? ServingNames(RequestedCertificate requested)
    {
        if (requested.DnsNames.Count + requested.Addresses.Count == 0) return "DNS or IP subjectAltName is required";
        if (requested.Emails.Count > 0) return "Email subjectAltNames are not allowed";
        return requested.Uris.Count > 0 ? "URI subjectAltNames are not allowed" : null;
    }

    private static string? ClientUsages(IReadOnlyCollection<string> usages) =>
        usages.FirstOrDefault(u => u is not ("digital signature" or "key encipherment" or "client auth")) is { } other ? $"invalid usage for client certificate: {other}"
        : usages.Contains("client auth") ? null : "missing required usage for client certificate: client auth";

    // Key encipherment is for RSA keys only: since v1.27 it may be left out.
    private static string? ServingUsages(IReadOnlyCollection<string> usages) =>
        usages.FirstOrDefault(u => u is not ("digital signature" or "key encipherment" or "server auth")) is { } other ? $"invalid usage for serving certificate: {other}"
        : usages.Contains("server auth") && usages.Contains("digital signature") ? null : "usages did not match [digital signature server auth]";

    private static string? Reserved(RequestedCertificate requested) =>
        requested.Groups.FirstOrDefault(ReservedGroups.Contains) is { } group ? $"use of {SignerNames.Client} signer with {group} group is not allowed" : null;
}
