using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Api.Lists;

/// <summary>
/// Where the next page of a list starts: after an object, in the snapshot of a resourceVersion; or, for the inconsistent continuation after a
/// 410, in whatever is current (<paramref name="Version"/> -1). Opaque to clients.
/// </summary>
public sealed record ContinueToken(long Version, string Namespace, string Name)
{
    /// <summary>Version of a token that continues in the present state.</summary>
    public const long Inconsistent = -1;

    /// <summary>The token's text.</summary>
    public string Encode() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new { v = "meta.k8s.io/v1", rv = Version, ns = Namespace, name = Name }));

    /// <summary>Reads a token. Throws 400 for anything <see cref="Encode"/> cannot have made.</summary>
    public static ContinueToken Decode(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(Base64Url.DecodeFromUtf8(Encoding.ASCII.GetBytes(text)));
            var root = json.RootElement;
            if (root.GetProperty("v").GetString() != "meta.k8s.io/v1") throw new FormatException("server does not recognize this encoded version");
            return new ContinueToken(root.GetProperty("rv").GetInt64(), root.GetProperty("ns").GetString() ?? "", root.GetProperty("name").GetString() ?? "");
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw ApiStatus.BadRequest("continue key is not valid: it was not made by this server").AsException();
        }
    }
}
