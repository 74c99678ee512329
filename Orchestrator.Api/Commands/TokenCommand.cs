using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Security;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator token</c>: bootstrap tokens with which other machines join. Talks to the running cluster of a directory as its administrator.</summary>
public sealed class TokenCommand(Progress progress, TextWriter output, TimeProvider time)
{
    private const string Secrets = "/api/v1/namespaces/" + BootstrapToken.Namespace + "/secrets";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Makes a token and prints the one command that joins another machine, as a node or, with <paramref name="forServer"/>, as a member of the control plane: the token then has the
    /// cluster's keys with it, sealed. A <paramref name="lifetime"/> of zero never ends.
    /// </summary>
    public async Task CreateAsync(ClusterDirectory directory, TimeSpan lifetime, bool forServer, CancellationToken cancel)
    {
        var token = BootstrapToken.Create(lifetime > TimeSpan.Zero ? time.GetUtcNow() + lifetime : null, "made by 'orchestrator token create'");
        using var api = ClusterApi.Of(directory);
        var secret = token.ToSecret();
        var key = forServer ? PutKeys(secret, directory, token.Id) : null;
        await api.SendAsync(HttpMethod.Post, Secrets, secret, cancel);
        var server = api.Server;
        var host = IPAddress.TryParse(server.Host, out var address) && IPAddress.IsLoopback(address) ? ReachableHost() : server.Host;
        var until = token.Expires is { } end ? $" (until {end:yyyy-MM-dd HH:mm} UTC)" : "";
        progress.Say(forServer
            ? $"To add a member, run this on the other machine, whose configuration names the cluster's database (hocon/three-members.hocon){until}. The key is shown only now:"
            : $"To add a node, run this on the other machine, as root{until}:");
        await output.WriteLineAsync($"orchestrator {(forServer ? "server" : "agent")} --join {host}:{server.Port} --token {token.Text} --ca-hash {CertificateAuthority.HashOf(api.Authority)}{(key is null ? "" : $" --server-key {key}")}");
    }

    private static string PutKeys(JsonObject secret, ClusterDirectory directory, string tokenId)
    {
        if (directory.ClusterId is not { } clusterId || !File.Exists(Path.Combine(directory.Pki, "ca.key"))) throw new CommandFailure($"{directory.Path} has no keys: make the token on a member.");
        var (sealedKeys, key) = ServerKeys.Read(directory.Pki, clusterId).Seal(tokenId);
        secret["data"] = new JsonObject { [ServerKeys.DataName] = Convert.ToBase64String(sealedKeys) };
        return key;
    }

    /// <summary>Prints id, end and description of every token; never a secret.</summary>
    public async Task ListAsync(ClusterDirectory directory, CancellationToken cancel)
    {
        using var api = ClusterApi.Of(directory);
        var list = await api.SendAsync(HttpMethod.Get, $"{Secrets}?fieldSelector=type%3D{Uri.EscapeDataString(BootstrapToken.Type)}", null, cancel);
        var tokens = (list["items"] as JsonArray ?? []).Select(i => BootstrapToken.From(TypedJson.Read<Secret>(Encoding.UTF8.GetBytes(i!.ToJsonString()).AsMemory()))).OfType<BootstrapToken>().ToList();
        await output.WriteLineAsync($"{"ID",-8}{"EXPIRES",-22}DESCRIPTION");
        foreach (var token in tokens) await output.WriteLineAsync($"{token.Id,-8}{token.Expires?.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) ?? "never",-22}{token.Description}");
    }

    /// <summary>Deletes a token, by its id or the whole of it: nobody joins with it any more. Nodes that have joined stay.</summary>
    public async Task DeleteAsync(ClusterDirectory directory, string token, CancellationToken cancel)
    {
        var id = BootstrapToken.Parse(token)?.Id ?? token;
        using var api = ClusterApi.Of(directory);
        await api.SendAsync(HttpMethod.Delete, $"{Secrets}/{BootstrapToken.NamePrefix}{Uri.EscapeDataString(id)}", null, cancel);
        progress.Done($"token {id} is gone");
    }

    private static string ReachableHost() => HostAddresses.Machine().FirstOrDefault(a => !IPAddress.IsLoopback(a))?.ToString() ?? IPAddress.Loopback.ToString();
}
