using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of CertificateSigningRequests (pkg/apis/certificates/validation).</summary>
internal static class CertificateRequestValidation
{
    private const int LongestSigner = 253 + 253 + 63 + 2;
    private const int ShortestSeconds = 600;

    private static readonly string[] Usages =
    [
        "signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment", "cert sign", "crl sign", "encipher only", "decipher only", "any",
        "server auth", "client auth", "code signing", "email protection", "s/mime", "ipsec end system", "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing", "microsoft sgc", "netscape sgc",
    ];

    private static readonly string[] Decisions = ["Approved", "Denied", "Failed"];

    internal static void Validate(Field request, FieldErrors errors)
    {
        var spec = request["spec"];
        if (Problem(spec["request"].Text) is { } problem) errors.Invalid("spec.request", spec["request"].Text, problem);
        if (spec["usages"].Count == 0) errors.Required("spec.usages", "usages must be provided");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var usage in spec["usages"].Items)
        {
            if (!Usages.Contains(usage.Text)) errors.NotSupported(usage, Usages);
            if (!seen.Add(usage.Text)) errors.Duplicate(usage);
        }
        if (spec["signerName"].Text == "kubernetes.io/legacy-unknown") errors.Invalid(spec["signerName"], "the legacy signerName is not allowed via this API version");
        else SignerName(spec["signerName"], errors);
        if (spec["expirationSeconds"].Exists && spec["expirationSeconds"].Number < ShortestSeconds) errors.Invalid(spec["expirationSeconds"], "may not specify a duration less than 600 seconds (10 minutes)");
        Conditions(request["status"]["conditions"], errors);
    }

    /// <summary>What a write through <paramref name="subresource"/> may not change.</summary>
    internal static void ValidateChange(Field request, Field old, string subresource, FieldErrors errors)
    {
        var (now, before) = (request["status"], old["status"]);
        foreach (var type in Decisions)
        {
            var (had, has) = (Of(before, type), Of(now, type));
            if (has.Count < had.Count) errors.Forbidden("status.conditions", $"updates may not remove a condition of type \"{type}\"");
            else if (subresource == "approval" || type == "Failed") continue;
            else if (has.Count > had.Count) errors.Forbidden("status.conditions", $"updates may not add a condition of type \"{type}\"");
            else if (!has.Zip(had).All(p => JsonNode.DeepEquals(p.First, p.Second))) errors.Forbidden("status.conditions", $"updates may not modify a condition of type \"{type}\"");
        }
        if (now["certificate"].Text == before["certificate"].Text) return;
        if (subresource != "status") errors.Forbidden("status.certificate", "updates may not set certificate content");
        else if (before["certificate"].Text.Length > 0) errors.Forbidden("status.certificate", "updates may not modify existing certificate content");
        else if (!IsCertificate(now["certificate"].Text)) errors.Invalid("status.certificate", "<certificate data>", "must contain at least one CERTIFICATE PEM block");
    }

    private static void SignerName(Field signer, FieldErrors errors)
    {
        var name = signer.Text;
        if (name.Length == 0)
        {
            errors.Required(signer, "signerName must be provided");
            return;
        }
        if (name.Split('/') is not [var domain, var path])
        {
            errors.Invalid(signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }
        var labels = domain.Split('.');
        Labels(domain, labels, NameFormats.Dns1123Label);
        if (labels.Length < 2) errors.Invalid("spec.signerName", domain, "should be a domain with at least two segments separated by dots");
        Labels(path, path.Split('.'), NameFormats.Dns1123Subdomain);
        if (name.Length > LongestSigner) errors.TooLong("spec.signerName", LongestSigner);

        void Labels(string segment, string[] parts, Func<string, IReadOnlyList<string>> check)
        {
            foreach (var part in parts)
            {
                if (check(part) is not { Count: > 0 } wrong) continue;
                foreach (var why in wrong) errors.Invalid("spec.signerName", segment, $"validating label \"{part}\": {why}");
                return;
            }
        }
    }

    private static void Conditions(Field conditions, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var condition in conditions.Items)
        {
            var (type, status) = (condition["type"], condition["status"]);
            if (type.Text.Length == 0) errors.Required(type);
            string[] allowed = Decisions.Contains(type.Text) ? ["True"] : ["True", "False", "Unknown"];
            if (status.Text.Length == 0) errors.Required(status);
            else if (!allowed.Contains(status.Text)) errors.NotSupported(status, allowed);
            if ((type.Text == "Approved" && seen.Contains("Denied")) || (type.Text == "Denied" && seen.Contains("Approved"))) errors.Invalid(type, "Approved and Denied conditions are mutually exclusive");
            if (!seen.Add(type.Text)) errors.Duplicate(type);
        }
    }

    private static List<JsonNode?> Of(Field status, string type) => [.. status["conditions"].Items.Where(c => c["type"].Text == type).Select(c => c.Node)];

    private static string? Problem(string base64)
    {
        if (Pem(base64) is not { } pem || !pem.Contains("-----BEGIN CERTIFICATE REQUEST-----", StringComparison.Ordinal)) return "PEM block type must be CERTIFICATE REQUEST";
        try
        {
            CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.SkipSignatureValidation, RSASignaturePadding.Pkcs1);
            return null;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return e.Message;
        }
    }

    private static bool IsCertificate(string base64) => Pem(base64) is { } pem && pem.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal);

    private static string? Pem(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? Encoding.ASCII.GetString(bytes.AsSpan(0, length)) : null;
    }
}
