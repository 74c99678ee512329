using System.Diagnostics.CodeAnalysis;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Protobuf;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Api.Negotiation;

/// <summary>How objects are encoded.</summary>
public enum Encoding
{
    /// <summary>application/json.</summary>
    Json,

    /// <summary>application/yaml.</summary>
    Yaml,

    /// <summary>application/vnd.kubernetes.protobuf: built-in kinds only, and no tables.</summary>
    Protobuf,
}

/// <summary>What objects are shown as.</summary>
public enum Representation
{
    /// <summary>The objects themselves.</summary>
    Object,

    /// <summary>meta.k8s.io Table: what kubectl prints.</summary>
    Table,

    /// <summary>Metadata alone, as PartialObjectMetadata or its list.</summary>
    Metadata,
}

/// <summary>The response form chosen from an Accept header. <paramref name="Version"/> is the meta.k8s.io version for tables and metadata (<c>v1</c>, <c>v1beta1</c>).</summary>
public sealed record ResponseForm(Encoding Encoding, Representation Representation, string Version)
{
    /// <summary>Plain objects as JSON.</summary>
    public static ResponseForm PlainJson { get; } = new(Encoding.Json, Representation.Object, "");

    private const string Json = "application/json";
    private const string Yaml = "application/yaml";

    /// <summary>The response's Content-Type.</summary>
    public string ContentType => Encoding switch { Encoding.Yaml => Yaml, Encoding.Protobuf => ProtobufDecoder.MediaType, _ => Json };

    /// <summary>The schema of what a kind's objects are shown as: the kind's own, or PartialObjectMetadata.</summary>
    public SchemaType TypeOf(ResourceKind kind) =>
        SchemaCatalog.Default.Find(Representation == Representation.Metadata ? "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata" : kind.SchemaName);

    /// <summary>
    /// Chooses the first acceptable form. Nothing given means JSON. Throws a 406 <see cref="StatusException"/> where nothing fits. Without
    /// <paramref name="protobuf"/> (a custom resource) that is not among the forms, and clients that ask for it list JSON after it;
    /// <paramref name="wholeOnly"/> is for what has neither columns nor metadata to show alone.
    /// </summary>
    public static ResponseForm Choose(string? accept, bool protobuf, bool wholeOnly = false) => TryChoose(accept, protobuf, wholeOnly)
        ?? throw new ApiStatus(406, "NotAcceptable", $"only the following media types are accepted: {Json}, {Yaml}{(protobuf ? $", {ProtobufDecoder.MediaType}" : "")}").AsException();

    /// <summary>Whether a header means <see cref="PlainJson"/> at first sight.</summary>
    public static bool IsPlainJson([NotNullWhen(false)] string? accept) => string.IsNullOrEmpty(accept) || accept is Json or "*/*";

    /// <summary>As <see cref="Choose"/>, null where nothing fits.</summary>
    public static ResponseForm? TryChoose(string? accept, bool protobuf, bool wholeOnly = false)
    {
        if (IsPlainJson(accept)) return PlainJson;
        foreach (var range in MediaRange.Parse(accept))
        {
            Encoding? encoding = range.Covers(Json) ? Encoding.Json
                : range.Covers(Yaml) || range.Type == "application/x-yaml" ? Encoding.Yaml
                : protobuf && range.Type == ProtobufDecoder.MediaType ? Encoding.Protobuf : null;
            if (encoding is null) continue;
            var kind = range["as"];
            if (kind.Length == 0) return new ResponseForm(encoding.Value, Representation.Object, "");
            if (wholeOnly || range["g"] != "meta.k8s.io" || range["v"] is not ("v1" or "v1beta1")) continue;
            switch (kind)
            {
                case "Table" when encoding != Encoding.Protobuf: return new ResponseForm(encoding.Value, Representation.Table, range["v"]);
                case "PartialObjectMetadata" or "PartialObjectMetadataList": return new ResponseForm(encoding.Value, Representation.Metadata, range["v"]);
            }
        }
        return null;
    }
}
