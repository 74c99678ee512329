using System.Text.Json.Nodes;
using Orchestrator.Resources.Protobuf;
using static Orchestrator.Resources.OpenApi.GnosticValues;

namespace Orchestrator.Resources.OpenApi;

/// <summary>
/// Swagger 2 in gnostic's protobuf form (<c>openapi.v2.Document</c>): the numbers are those of the messages in OpenAPIv2.proto. Shared parameters and responses, tags and security schemes
/// have no place here: <see cref="OpenApiV2"/> has none, and of other servers' documents it takes paths and definitions.
/// </summary>
internal static class GnosticV2
{
    private static readonly GnosticMessage ReferenceMessage = new(0, [new("$ref", 1, Text), new("description", 2, Text)]);
    private static readonly GnosticMessage ContactMessage = new(4, [new("name", 1, Text), new("url", 2, Text), new("email", 3, Text)]);
    private static readonly GnosticMessage LicenseMessage = new(3, [new("name", 1, Text), new("url", 2, Text)]);
    private static readonly GnosticMessage ExternalDocsMessage = new(3, [new("description", 1, Text), new("url", 2, Text)]);
    private static readonly GnosticMessage XmlMessage = new(6, [new("name", 1, Text), new("namespace", 2, Text), new("prefix", 3, Text), new("attribute", 4, Flag), new("wrapped", 5, Flag)]);

    private static readonly GnosticMessage InfoMessage = new(7,
    [
        new("title", 1, Text), new("version", 2, Text), new("description", 3, Text), new("termsOfService", 4, Text), new("contact", 5, One((w, v) => ContactMessage.Write(w, v))),
        new("license", 6, One((w, v) => LicenseMessage.Write(w, v))),
    ]);

    private static readonly GnosticMessage SchemaMessage = new(31,
    [
        new("$ref", 1, Text), new("format", 2, Text), new("title", 3, Text), new("description", 4, Text), new("default", 5, Any), new("multipleOf", 6, Real), new("maximum", 7, Real),
        new("exclusiveMaximum", 8, Flag), new("minimum", 9, Real), new("exclusiveMinimum", 10, Flag), new("maxLength", 11, Whole), new("minLength", 12, Whole), new("pattern", 13, Text),
        new("maxItems", 14, Whole), new("minItems", 15, Whole), new("uniqueItems", 16, Flag), new("maxProperties", 17, Whole), new("minProperties", 18, Whole), new("required", 19, Texts),
        new("enum", 20, Anys), new("additionalProperties", 21, SchemaOrFlag(Schema)), new("type", 22, One(StringsBody)), new("items", 23, Only(Schema)), new("allOf", 24, Many(Schema)),
        new("properties", 25, Map(Schema)), new("discriminator", 26, Text), new("readOnly", 27, Flag), new("xml", 28, One((w, v) => XmlMessage.Write(w, v))), new("externalDocs", 29, One(ExternalDocs)),
        new("example", 30, Any),
    ]);

    private static readonly GnosticMessage FileSchemaMessage = new(10,
    [
        new("format", 1, Text), new("title", 2, Text), new("description", 3, Text), new("default", 4, Any), new("required", 5, Texts), new("type", 6, Text), new("readOnly", 7, Flag),
        new("externalDocs", 8, One(ExternalDocs)), new("example", 9, Any),
    ]);

    private static readonly GnosticMessage ItemsMessage = new(18, Primitive(1));
    private static readonly GnosticMessage HeaderMessage = new(19, [.. Primitive(1), new("description", 18, Text)]);
    private static readonly GnosticMessage ResponseMessage = new(5, [new("description", 1, Text), new("schema", 2, One(SchemaItem)), new("headers", 3, Map((w, v) => HeaderMessage.Write(w, v))), new("examples", 4, Map(AnyBody))]);
    private static readonly GnosticMessage ResponsesMessage = new(2, [], new GnosticOthers(1, IsCode, OrReference((w, v) => ResponseMessage.Write(w, v), Reference)));
    private static readonly GnosticMessage BodyParameterMessage = new(6, [new("description", 1, Text), new("name", 2, Text), new("in", 3, Text), new("required", 4, Flag), new("schema", 5, One(Schema))]);

    // Header and path parameters have the same fields; query and form parameters have one more in between.
    private static readonly GnosticMember[] NamedParameter = [new("required", 1, Flag), new("in", 2, Text), new("description", 3, Text), new("name", 4, Text)];
    private static readonly GnosticMessage PathParameterMessage = new(22, [.. NamedParameter, .. Primitive(5)]);
    private static readonly GnosticMessage QueryParameterMessage = new(23, [.. NamedParameter, new("allowEmptyValue", 5, Flag), .. Primitive(6)]);
    private static readonly GnosticBody ParametersItem = OrReference(Parameter, Reference);

    private static readonly GnosticMessage OperationMessage = new(13,
    [
        new("tags", 1, Texts), new("summary", 2, Text), new("description", 3, Text), new("externalDocs", 4, One(ExternalDocs)), new("operationId", 5, Text), new("produces", 6, Texts),
        new("consumes", 7, Texts), new("parameters", 8, Many(ParametersItem)), new("responses", 9, One((w, v) => ResponsesMessage.Write(w, v))), new("schemes", 10, Texts), new("deprecated", 11, Flag),
        new("security", 12, Many(MapBody(StringsBody))),
    ]);

    private static readonly GnosticMessage PathItemMessage = new(10,
    [
        new("$ref", 1, Text), new("get", 2, One(Operation)), new("put", 3, One(Operation)), new("post", 4, One(Operation)), new("delete", 5, One(Operation)), new("options", 6, One(Operation)),
        new("head", 7, One(Operation)), new("patch", 8, One(Operation)), new("parameters", 9, Many(ParametersItem)),
    ]);

    private static readonly GnosticMessage PathsMessage = new(1, [], new GnosticOthers(2, static name => name.StartsWith('/'), (w, v) => PathItemMessage.Write(w, v)));

    private static readonly GnosticMessage DocumentMessage = new(16,
    [
        new("swagger", 1, Text), new("info", 2, One((w, v) => InfoMessage.Write(w, v))), new("paths", 8, One((w, v) => PathsMessage.Write(w, v))), new("definitions", 9, Map(Schema)),
    ]);

    /// <summary>The message of a document. Throws <see cref="GnosticFormatException"/> where it has what the message cannot say.</summary>
    internal static byte[] Write(JsonNode document)
    {
        var writer = new ProtobufWriter();
        DocumentMessage.Write(writer, document);
        return writer.Written.ToArray();
    }

    /// <summary>What parameters other than bodies, headers and items have in common, in the same order everywhere.</summary>
    private static GnosticMember[] Primitive(int first)
    {
        ReadOnlySpan<(string Name, GnosticField Write)> members =
        [
            ("type", Text), ("format", Text), ("items", One(Items)), ("collectionFormat", Text), ("default", Any), ("maximum", Real), ("exclusiveMaximum", Flag), ("minimum", Real), ("exclusiveMinimum", Flag),
            ("maxLength", Whole), ("minLength", Whole), ("pattern", Text), ("maxItems", Whole), ("minItems", Whole), ("uniqueItems", Flag), ("enum", Anys), ("multipleOf", Real),
        ];
        var numbered = new GnosticMember[members.Length];
        for (var i = 0; i < numbered.Length; i++) numbered[i] = new GnosticMember(members[i].Name, first + i, members[i].Write);
        return numbered;
    }

    // Messages that others name before they are made, or that contain themselves.
    private static void Schema(ProtobufWriter writer, JsonNode? value) => SchemaMessage.Write(writer, value);

    private static void ExternalDocs(ProtobufWriter writer, JsonNode? value) => ExternalDocsMessage.Write(writer, value);

    private static void Items(ProtobufWriter writer, JsonNode? value) => ItemsMessage.Write(writer, value);

    private static void Operation(ProtobufWriter writer, JsonNode? value) => OperationMessage.Write(writer, value);

    private static void Reference(ProtobufWriter writer, JsonNode? value) => ReferenceMessage.Write(writer, value);

    private static void SchemaItem(ProtobufWriter writer, JsonNode? value)
    {
        if (value?["type"] is JsonValue type && String(type) == "file") writer.Message(2, value, static (w, v) => FileSchemaMessage.Write(w, v));
        else writer.Message(1, value, static (w, v) => SchemaMessage.Write(w, v));
    }

    private static void Parameter(ProtobufWriter writer, JsonNode? value)
    {
        var place = String(Object(value)["in"]);
        if (place == "body")
        {
            writer.Message(1, value, static (w, v) => BodyParameterMessage.Write(w, v));
            return;
        }
        var (number, message) = place switch
        {
            "header" => (1, PathParameterMessage),
            "formData" => (2, QueryParameterMessage),
            "query" => (3, QueryParameterMessage),
            "path" => (4, PathParameterMessage),
            _ => throw new GnosticFormatException($"has unexpected value for in: {place}"),
        };
        writer.Message(2, (number, message, value), static (outer, p) => outer.Message(p.number, (p.message, p.value), static (w, inner) => inner.message.Write(w, inner.value)));
    }

    private static bool IsCode(string name) => name == "default" || (name.Length == 3 && name.All(char.IsAsciiDigit));
}
