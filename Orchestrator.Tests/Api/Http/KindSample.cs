using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Tests.Api.Http;

/// <summary>
/// A field-rich manifest of one kind, from a file in <c>Golden/</c>, and what the server adds to it: defaults, and a status. <c>{ns}</c>, <c>{csr}</c> and <c>{ca}</c> stand for the
/// namespace, a certificate request and an authority's certificate.
/// </summary>
internal sealed record KindSample(JsonObject Manifest, JsonObject Added)
{
    // Before the samples, which need it.
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static readonly string[] ServerMetadata = ["uid", "creationTimestamp", "resourceVersion", "managedFields", "generation"];

    /// <summary>Every sample, by <c>apps/v1 Deployment</c>.</summary>
    public static IReadOnlyDictionary<string, KindSample> All { get; } = Directory.GetFiles(Folder(), "*.yaml").Order(StringComparer.Ordinal).SelectMany(Read).ToDictionary(s => s.Title, StringComparer.Ordinal);

    public string Title => $"{(string)Manifest["apiVersion"]!} {(string)Manifest["kind"]!}";

    public ResourceKind Kind => KindCatalog.Default.FindByApiVersion((string)Manifest["apiVersion"]!, (string)Manifest["kind"]!) ?? throw new InvalidOperationException($"{Title} is not served");

    public string Name => (string)Manifest["metadata"]!["name"]!;

    /// <summary>The manifest for a namespace.</summary>
    public JsonObject In(string ns) => JsonNode.Parse(Manifest.ToJsonString().Replace("{ns}", ns, StringComparison.Ordinal))!.AsObject();

    /// <summary>The collection's path.</summary>
    public string Path(string ns) => $"/{(Kind.Group.Length == 0 ? "api" : "apis")}/{Kind.ApiVersion}/{(Kind.Namespaced ? $"namespaces/{ns}/" : "")}{Kind.Plural}";

    /// <summary>What the object must look like, and what it does look like, without what every object gets and what may have any value.</summary>
    public (JsonObject Expected, JsonObject Actual) Compare(JsonObject read, string ns)
    {
        var (expected, actual) = (In(ns), read.DeepClone().AsObject());
        if (Kind.Namespaced) expected["metadata"]!["namespace"] = ns;
        foreach (var name in ServerMetadata) actual["metadata"]!.AsObject().Remove(name);
        Drop(actual);
        foreach (var (path, value) in Added)
        {
            var steps = path.Replace("\\.", "\0", StringComparison.Ordinal).Split('.').Select(s => s.Replace('\0', '.')).ToArray();
            if (value is JsonValue any && any.TryGetValue<string>(out var text) && text == "*")
            {
                (Parent(actual, steps) as JsonObject)?.Remove(steps[^1]);
                (Parent(expected, steps) as JsonObject)?.Remove(steps[^1]);
            }
            else Parent(expected, steps)![steps[^1]] = value?.DeepClone();
        }
        return (expected, actual);
    }

    // Go writes the times that an embedded object does not have.
    private static void Drop(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list) Drop(item);
            return;
        }
        if (node is not JsonObject obj) return;
        if (obj.ContainsKey("creationTimestamp") && obj["creationTimestamp"] is null) obj.Remove("creationTimestamp");
        foreach (var (_, value) in obj) Drop(value);
    }

    private static JsonNode? Parent(JsonNode root, IReadOnlyList<string> steps)
    {
        var node = root;
        foreach (var step in steps.SkipLast(1))
        {
            if (node is JsonArray list) node = list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]!;
            else node = node[step] ?? (node[step] = new JsonObject());
        }
        return node;
    }

    private static IEnumerable<KindSample> Read(string file)
    {
        JsonObject? manifest = null;
        var text = File.ReadAllText(file).Replace("{csr}", Request, StringComparison.Ordinal).Replace("{ca}", Authority, StringComparison.Ordinal);
        foreach (var document in text.Split("\n---\n").Select(d => YamlDecoder.DecodeUntyped(Encoding.UTF8.GetBytes(d))))
        {
            if (document["added"] is JsonObject added)
            {
                yield return new KindSample(manifest!, added);
                manifest = null;
                continue;
            }
            if (manifest is not null) yield return new KindSample(manifest, []);
            manifest = document;
        }
        if (manifest is not null) yield return new KindSample(manifest, []);
    }

    private static string Request => Base64(new CertificateRequest("CN=round-trip", Key, HashAlgorithmName.SHA256).CreateSigningRequestPem());

    private static string Authority
    {
        get
        {
            using var certificate = new CertificateRequest("CN=authority", Key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
            return Base64(certificate.ExportCertificatePem());
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text + "\n"));

    private static string Folder([CallerFilePath] string file = "") => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(file)!, "Golden");
}
