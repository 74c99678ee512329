using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator token</c>: bootstrap tokens with which other machines join. Talks to the running cluster of a directory as its administrator.</summary>
public sealed class TokenCommand(Progress progress, TextWriter output, TimeProvider time)
{
    private const string Secrets = "/api/v1/namespaces/" + BootstrapToken.Namespace + "/secrets";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <summary>Makes a token and prints the one command that joins another machine. A <paramref name="lifetime"/> of zero never ends.</summary>
    public async Task CreateAsync(ClusterDirectory directory, TimeSpan lifetime, CancellationToken cancel)
    {
        var token = BootstrapToken.Create(lifetime > TimeSpan.Zero ? time.GetUtcNow() + lifetime : null, "made by 'orchestrator token create'");
        using var authority = Authority(directory);
        var server = Server(directory);
        await SendAsync(directory, HttpMethod.Post, Secrets, token.ToSecret(), cancel);
        var host = IPAddress.TryParse(server.Host, out var address) && IPAddress.IsLoopback(address) ? ReachableHost() : server.Host;
        progress.Say(token.Expires is { } end ? $"To add a node, run this on the other machine, as root (until {end:yyyy-MM-dd HH:mm} UTC):" : "To add a node, run this on the other machine, as root:");
        await output.WriteLineAsync($"orchestrator agent --join {host}:{server.Port} --token {token.Text} --ca-hash {CertificateAuthority.HashOf(authority)}");
    }

    /// <summary>Prints id, end and description of every token; never a secret.</summary>
    public async Task ListAsync(ClusterDirectory directory, CancellationToken cancel)
    {
        var list = await SendAsync(directory, HttpMethod.Get, $"{Secrets}?fieldSelector=type%3D{Uri.EscapeDataString(BootstrapToken.Type)}", null, cancel);
        var tokens = (list["items"] as JsonArray ?? []).Select(i => BootstrapToken.From(TypedJson.Read<Secret>(Encoding.UTF8.GetBytes(i!.ToJsonString()).AsMemory()))).OfType<BootstrapToken>().ToList();
        await output.WriteLineAsync($"{"ID",-8}{"EXPIRES",-22}DESCRIPTION");
        foreach (var token in tokens) await output.WriteLineAsync($"{token.Id,-8}{token.Expires?.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) ?? "never",-22}{token.Description}");
    }

    /// <summary>Deletes a token, by its id or the whole of it: nobody joins with it any more. Nodes that have joined stay.</summary>
    public async Task DeleteAsync(ClusterDirectory directory, string token, CancellationToken cancel)
    {
        var id = BootstrapToken.Parse(token)?.Id ?? token;
        await SendAsync(directory, HttpMethod.Delete, $"{Secrets}/{BootstrapToken.NamePrefix}{Uri.EscapeDataString(id)}", null, cancel);
        progress.Done($"token {id} is gone");
    }

    private static string ReachableHost() => HostAddresses.Machine().FirstOrDefault(a => !IPAddress.IsLoopback(a))?.ToString() ?? IPAddress.Loopback.ToString();

    private static Uri Server(ClusterDirectory directory)
    {
        const string Key = "server:";
        if (!File.Exists(directory.Kubeconfig)) throw new CommandFailure($"there is no cluster in {directory.Path}; 'orchestrator up' starts one.");
        var line = File.ReadLines(directory.Kubeconfig).Select(l => l.Trim()).FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal));
        return Uri.TryCreate(line?[Key.Length..].Trim(), UriKind.Absolute, out var server) ? server : throw new CommandFailure($"{directory.Kubeconfig} names no server.");
    }

    private static X509Certificate2 Authority(ClusterDirectory directory) => X509CertificateLoader.LoadCertificateFromFile(Path.Combine(directory.Pki, "ca.crt"));

    private static async Task<JsonObject> SendAsync(ClusterDirectory directory, HttpMethod method, string path, JsonObject? body, CancellationToken cancel)
    {
        var server = Server(directory);
        try
        {
            using var authority = Authority(directory);
            var admin = Path.Combine(directory.Pki, "admin");
            using var certificate = X509Certificate2.CreateFromPemFile(admin + ".crt", admin + ".key");
            using var http = new HttpClient(new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions
                {
                    ClientCertificates = [certificate],
                    CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
                },
            })
            { BaseAddress = server, Timeout = Deadline };
            using var request = new HttpRequestMessage(method, path);
            if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            using var response = await http.SendAsync(request, cancel);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancel)) as JsonObject ?? [];
            return response.IsSuccessStatusCode ? answer : throw new CommandFailure($"{(string?)answer["message"] ?? $"the API answers {(int)response.StatusCode}"}.");
        }
        catch (HttpRequestException e)
        {
            throw new CommandFailure($"the cluster at {server.Authority} does not answer ({e.InnerException?.Message ?? e.Message}); 'orchestrator up' starts it.");
        }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            throw new CommandFailure($"the administrator's certificate in {directory.Pki} cannot be used: {e.Message}");
        }
    }
}
