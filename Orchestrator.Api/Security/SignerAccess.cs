using System.Text.Json.Nodes;
using Orchestrator.Actors.Certificates;
using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Writing;

namespace Orchestrator.Api.Security;

/// <summary>
/// Who may approve and sign certificate requests (upstream's admission plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction): whoever has the verb on the
/// signer's name, or on its domain.
/// </summary>
internal sealed class SignerAccess(IAuthorizer authorizer)
{
    private const string Group = "certificates.k8s.io";
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client";

    /// <summary>Whether a write is this one's business.</summary>
    public static bool Concerns(string operation, string group, string subresource) => group == Group
        && ((operation == AdmissionAttributes.Update && subresource is "approval" or "status") || (operation == AdmissionAttributes.Create && subresource.Length == 0));

    /// <summary>Throws 403 for somebody who may not.</summary>
    public void Check(AdmissionAttributes request, UserInfo user)
    {
        var signer = (string?)(request.OldObject ?? request.Object)?["spec"]?["signerName"] ?? "";
        switch (request.Operation, request.Subresource)
        {
            case (AdmissionAttributes.Create, ""):
                if (signer == ClientSigner && Organizations((string?)request.Object?["spec"]?["request"] ?? "").Contains(UserInfo.Masters))
                    Refuse(request, $"use of {ClientSigner} signer with {UserInfo.Masters} group is not allowed");
                break;
            case (_, "approval"):
                if (!May(user, "approve", signer)) Refuse(request, $"user not permitted to approve requests with signerName \"{signer}\"");
                break;
            default:
                var unchanged = JsonNode.DeepEquals(request.OldObject?["status"]?["certificate"], request.Object?["status"]?["certificate"]);
                if (!unchanged && !May(user, "sign", signer)) Refuse(request, $"user not permitted to sign requests with signerName \"{signer}\"");
                break;
        }
    }

    /// <summary>Says when a decision was made, where who made it does not (upstream's strategies of approval and status).</summary>
    public static bool Stamp(AdmissionAttributes request, DateTimeOffset now)
    {
        if (request.Operation != AdmissionAttributes.Update || request.Object?["status"]?["conditions"] is not JsonArray conditions) return false;
        var (changed, text) = (false, ObjectMeta.Timestamp(now));
        foreach (var condition in conditions.OfType<JsonObject>())
        {
            var old = (request.OldObject?["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(o => (string?)o["type"] == (string?)condition["type"]);
            if (condition["lastUpdateTime"] is null)
            {
                condition["lastUpdateTime"] = text;
                changed = true;
            }
            if (condition["lastTransitionTime"] is not null) continue;
            var same = old is not null && (string?)old["status"] == (string?)condition["status"];
            condition["lastTransitionTime"] = same && old!["lastTransitionTime"] is { } then ? then.DeepClone() : text;
            changed = true;
        }
        return changed;
    }

    private static IReadOnlyList<string> Organizations(string base64)
    {
        try
        {
            return RequestedCertificate.Parse(System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(base64))).Groups;
        }
        catch (FormatException)
        {
            // What is no request is refused by validation.
            return [];
        }
    }

    private bool May(UserInfo user, string verb, string signer)
    {
        bool On(string name) => authorizer.Authorize(user, new AccessAttributes(verb) { IsResource = true, Group = Group, Resource = "signers", Name = name }).Allowed;
        return On(signer) || (signer.IndexOf('/') is > 0 and var slash && On($"{signer[..slash]}/*"));
    }

    private static void Refuse(AdmissionAttributes request, string why) => throw ApiStatus.Forbidden(request.Resource.GroupResource, request.Name, why).AsException();
}
