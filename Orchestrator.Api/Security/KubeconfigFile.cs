using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;

namespace Orchestrator.Api.Security;

/// <summary>What the current context of a kubeconfig says: where a cluster is, who vouches for it, and who one is there.</summary>
/// <param name="Server">Address of the API.</param>
/// <param name="Authority">Signed its serving certificate.</param>
/// <param name="Client">The user's certificate with its key, or null.</param>
/// <param name="Token">The user's bearer token, or null.</param>
internal sealed record KubeconfigFile(Uri Server, X509Certificate2 Authority, X509Certificate2? Client, string? Token) : IDisposable
{
    /// <summary>Reads a file; paths in it are relative to it, as for kubectl. Throws <see cref="InvalidDataException"/> that names the file.</summary>
    public static KubeconfigFile Read(string path)
    {
        try
        {
            var config = YamlDecoder.DecodeUntyped(File.ReadAllBytes(path));
            var context = Named(config, "contexts", Text(config, "current-context"), "context");
            var cluster = Named(config, "clusters", Text(context, "cluster"), "cluster");
            var user = Named(config, "users", Text(context, "user"), "user");
            var authority = X509Certificate2.CreateFromPem(Content(cluster, "certificate-authority"));
            var token = (string?)user["token"] ?? ((string?)user["tokenFile"] is { } file ? File.ReadAllText(Beside(file)).Trim() : null);
            var hasCertificate = user.ContainsKey("client-certificate") || user.ContainsKey("client-certificate-data");
            return new KubeconfigFile(new Uri(Text(cluster, "server")), authority, hasCertificate ? Certificate(user) : null, token);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StatusException or FormatException or CryptographicException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} cannot be used as a kubeconfig ({e.Message})", e);
        }

        string Beside(string file) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, file);

        string Content(JsonObject part, string name) => (string?)part[name + "-data"] is { } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data)) : File.ReadAllText(Beside(Text(part, name)));

        X509Certificate2 Certificate(JsonObject user)
        {
            using var pem = X509Certificate2.CreateFromPem(Content(user, "client-certificate"), Content(user, "client-key"));
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null); // TLS takes no key that was never stored, on some systems
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Authority.Dispose();
        Client?.Dispose();
    }

    private static JsonObject Named(JsonObject config, string list, string name, string part) =>
        (config[list] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(e => (string?)e["name"] == name)?[part] as JsonObject ?? throw new FormatException($"its {list} have no {name}");

    private static string Text(JsonObject part, string name) => (string?)part[name] is { Length: > 0 } text ? text : throw new FormatException($"there is no {name}");
}
