using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Json;

namespace Orchestrator.Resources.OpenApi;

/// <summary>A published document: its JSON and the hash that stands for it in every form (upper-case hex of SHA-512, as upstream's ETags).</summary>
public sealed record OpenApiDocument(ReadOnlyMemory<byte> Content, string Hash)
{
    // A custom kind's schema may be as deep as any object, and stands some levels down in the document.
    private const int MaxDepth = ObjectDecoder.MaxDepth + 64;

    private static readonly JsonSerializerOptions Compact = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth };

    internal static OpenApiDocument Of(JsonObject json)
    {
        var content = Encoding.UTF8.GetBytes(json.ToJsonString(Compact));
        return new OpenApiDocument(content, Convert.ToHexString(SHA512.HashData(content)));
    }

    internal JsonNode Parse() => JsonNode.Parse(Content.Span, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth })!;
}
