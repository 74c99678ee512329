using System.Text;
using System.Text.Json;
using Orchestrator.NodeAgent.Runtime;

namespace Orchestrator.NodeAgent.Images;

/// <summary>
/// Registry logins out of pull secrets (<c>kubernetes.io/dockerconfigjson</c> and the older <c>kubernetes.io/dockercfg</c>), matched to images as
/// Kubernetes' credential provider does: registry host (with <c>*</c> per label), port, and path prefix; the most specific entry first. Pure.
/// </summary>
public static class RegistryLogins
{
    private static readonly string[] DockerHub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

    /// <summary>
    /// The logins to try for an image, best first. <paramref name="secrets"/> are the contents of <c>.dockerconfigjson</c> or <c>.dockercfg</c>; one that cannot be read is
    /// left out, as the kubelet does.
    /// </summary>
    public static IReadOnlyList<RegistryCredentials> For(ImageReference image, IEnumerable<ReadOnlyMemory<byte>> secrets) =>
    [
        .. secrets.SelectMany(Read)
            .Where(entry => Matches(entry.Location, image))
            .OrderByDescending(entry => entry.Location.Path.Length)
            .ThenBy(entry => entry.Location.Host.Contains('*'))
            .Select(entry => new RegistryCredentials(entry.Username, entry.Password, entry.Key))
            .Distinct(),
    ];

    private static IEnumerable<Entry> Read(ReadOnlyMemory<byte> secret)
    {
        try
        {
            using var document = JsonDocument.Parse(secret);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return [];
            }

            var auths = document.RootElement.TryGetProperty("auths", out var inner) ? inner : document.RootElement;
            return auths.ValueKind == JsonValueKind.Object ? [.. auths.EnumerateObject().Select(ReadEntry).OfType<Entry>()] : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static Entry? ReadEntry(JsonProperty entry)
    {
        if (entry.Value.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var username = Text(entry.Value, "username");
        var password = Text(entry.Value, "password");
        if (Text(entry.Value, "auth") is { Length: > 0 } auth && Decode(auth) is { } pair)
        {
            (username, password) = pair;
        }

        return string.IsNullOrEmpty(username) && string.IsNullOrEmpty(password) ? null : new Entry(entry.Name, Locate(entry.Name), username ?? "", password ?? "");
    }

    private static (string, string)? Decode(string auth)
    {
        var buffer = new byte[auth.Length];
        if (!Convert.TryFromBase64String(auth, buffer, out var length))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(buffer, 0, length);
        var colon = text.IndexOf(':');
        return colon < 0 ? null : (text[..colon], text[(colon + 1)..]);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // https://index.docker.io/v1/ , registry.example.com:5000/team , *.example.com
    private static Location Locate(string key)
    {
        var rest = key;
        foreach (var scheme in new[] { "https://", "http://" })
        {
            rest = rest.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? rest[scheme.Length..] : rest;
        }

        var slash = rest.IndexOf('/');
        var authority = slash < 0 ? rest : rest[..slash];
        var path = slash < 0 ? "" : rest[slash..].TrimEnd('/');
        // The version of the registry's API is no part of an image's path.
        path = path is "/v1" or "/v2" ? "" : path;
        var colon = authority.LastIndexOf(':');
        return colon < 0 ? new Location(authority, "", path) : new Location(authority[..colon], authority[(colon + 1)..], path);
    }

    private static bool Matches(Location login, ImageReference image)
    {
        var target = Locate(image.Repository);
        var sameHost = DockerHub.Contains(login.Host) && DockerHub.Contains(target.Host) || SameHost(login.Host, target.Host);
        return sameHost && login.Port == target.Port && (login.Path.Length == 0 || target.Path == login.Path || target.Path.StartsWith(login.Path + "/", StringComparison.Ordinal));
    }

    private static bool SameHost(string pattern, string host)
    {
        var wanted = pattern.Split('.');
        var actual = host.Split('.');
        return wanted.Length == actual.Length && wanted.Zip(actual).All(pair => Glob(pair.First, pair.Second));
    }

    // A star stands for any part of one label.
    private static bool Glob(string pattern, string label)
    {
        var pieces = pattern.Split('*');
        if (pieces.Length == 1)
        {
            return string.Equals(pattern, label, StringComparison.OrdinalIgnoreCase);
        }

        if (label.Length < pattern.Length - (pieces.Length - 1) || !label.StartsWith(pieces[0], StringComparison.OrdinalIgnoreCase) || !label.EndsWith(pieces[^1], StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var from = pieces[0].Length;
        foreach (var piece in pieces[1..^1])
        {
            var at = label.IndexOf(piece, from, StringComparison.OrdinalIgnoreCase);
            if (at < 0)
            {
                return false;
            }

            from = at + piece.Length;
        }

        return from <= label.Length - pieces[^1].Length;
    }

    private sealed record Entry(string Key, Location Location, string Username, string Password);

    private sealed record Location(string Host, string Port, string Path);
}
