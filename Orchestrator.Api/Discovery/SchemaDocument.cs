using Orchestrator.Api.Negotiation;
using Orchestrator.Resources.OpenApi;

namespace Orchestrator.Api.Discovery;

/// <summary>
/// An OpenAPI document as clients may have it: JSON, or gnostic's protobuf, which is made when the first one asks. One entity tag stands for both, since <c>Vary</c> tells them apart to caches.
/// </summary>
public sealed class SchemaDocument
{
    private const string JsonType = "application/json";

    private readonly Document _json;
    private readonly Lazy<Document> _protobuf;
    private readonly string _requestedType;

    private SchemaDocument(OpenApiDocument document, string requestedType, string protobufType, Func<OpenApiDocument, byte[]> toProtobuf)
    {
        (Hash, _requestedType) = (document.Hash, requestedType);
        _json = new Document(document.Content, $"\"{Hash}\"", JsonType);
        _protobuf = new Lazy<Document>(() => new Document(toProtobuf(document), _json.ETag, protobufType));
        ProtobufType = protobufType;
    }

    /// <summary>The hash of its JSON, by which the index of version 3 addresses it.</summary>
    public string Hash { get; }

    /// <summary>Media type of the protobuf form.</summary>
    public string ProtobufType { get; }

    /// <summary>The one document of Swagger 2.</summary>
    public static SchemaDocument OfVersion2(OpenApiDocument document) => new(document, OpenApiV2.RequestedProtobufMediaType, OpenApiV2.ProtobufMediaType, OpenApiV2.ToProtobuf);

    /// <summary>A group version's document of OpenAPI 3.</summary>
    public static SchemaDocument OfVersion3(OpenApiDocument document) => new(document, OpenApiV3.RequestedProtobufMediaType, OpenApiV3.ProtobufMediaType, OpenApiV3.ToProtobuf);

    /// <summary>
    /// The form that an Accept header prefers; nothing given and wildcards mean JSON. Null where none is accepted. Throws <see cref="GnosticFormatException"/> where it is protobuf, and that
    /// cannot say what another server's document has.
    /// </summary>
    public Document? For(string accept)
    {
        if (accept.Length == 0) return _json;
        foreach (var range in MediaRange.Parse(accept))
        {
            if (Fits(range, JsonType)) return _json;
            if (Fits(range, ProtobufType) || Fits(range, _requestedType)) return _protobuf.Value;
        }
        return null;
    }

    // Unlike in the negotiation of objects, a wildcard may stand before the slash alone.
    private static bool Fits(MediaRange range, string type) => range.Covers(type) || (range.Type.StartsWith("*/", StringComparison.Ordinal) && type.AsSpan(type.IndexOf('/')).SequenceEqual(range.Type.AsSpan(1)));
}
