using System.Text.Json.Nodes;
using Orchestrator.Resources.Protobuf;
using static Orchestrator.Resources.OpenApi.GnosticValues;

namespace Orchestrator.Resources.OpenApi;

/// <summary>
/// OpenAPI 3 in gnostic's protobuf form (<c>openapi.v3.Document</c>): the numbers are those of the messages in OpenAPIv3.proto. What no document of ours can have has no place here and is
/// refused: servers, callbacks, links, encodings, response headers, components other than schemas.
/// </summary>
internal static class GnosticV3
{
    private static readonly GnosticMessage ReferenceMessage = new(0, [new("$ref", 1, Text), new("summary", 2, Text), new("description", 3, Text)]);
    private static readonly GnosticMessage ContactMessage = new(4, [new("name", 1, Text), new("url", 2, Text), new("email", 3, Text)]);
    private static readonly GnosticMessage LicenseMessage = new(3, [new("name", 1, Text), new("url", 2, Text)]);
    private static readonly GnosticMessage ExternalDocsMessage = new(3, [new("description", 1, Text), new("url", 2, Text)]);
    private static readonly GnosticMessage TagMessage = new(4, [new("name", 1, Text), new("description", 2, Text), new("externalDocs", 3, One(ExternalDocs))]);
    private static readonly GnosticMessage XmlMessage = new(6, [new("name", 1, Text), new("namespace", 2, Text), new("prefix", 3, Text), new("attribute", 4, Flag), new("wrapped", 5, Flag)]);

    private static readonly GnosticMessage InfoMessage = new(7,
    [
        new("title", 1, Text), new("description", 2, Text), new("termsOfService", 3, Text), new("contact", 4, One((w, v) => ContactMessage.Write(w, v))),
        new("license", 5, One((w, v) => LicenseMessage.Write(w, v))), new("version", 6, Text), new("summary", 8, Text),
    ]);

    // The values of a mapping are strings, not messages: the pair's field 2 is the text.
    private static readonly GnosticMessage DiscriminatorMessage = new(3, [new("propertyName", 1, Text), new("mapping", 2, One(Mapping))]);

    private static readonly GnosticMessage SchemaMessage = new(36,
    [
        new("nullable", 1, Flag), new("discriminator", 2, One((w, v) => DiscriminatorMessage.Write(w, v))), new("readOnly", 3, Flag), new("writeOnly", 4, Flag), new("xml", 5, One((w, v) => XmlMessage.Write(w, v))),
        new("externalDocs", 6, One(ExternalDocs)), new("example", 7, Any), new("deprecated", 8, Flag), new("title", 9, Text), new("multipleOf", 10, Real), new("maximum", 11, Real),
        new("exclusiveMaximum", 12, Flag), new("minimum", 13, Real), new("exclusiveMinimum", 14, Flag), new("maxLength", 15, Whole), new("minLength", 16, Whole), new("pattern", 17, Text),
        new("maxItems", 18, Whole), new("minItems", 19, Whole), new("uniqueItems", 20, Flag), new("maxProperties", 21, Whole), new("minProperties", 22, Whole), new("required", 23, Texts),
        new("enum", 24, Anys), new("type", 25, Text), new("allOf", 26, Many(SchemaOrReference)), new("oneOf", 27, Many(SchemaOrReference)), new("anyOf", 28, Many(SchemaOrReference)),
        new("not", 29, One(Schema)), new("items", 30, Only(SchemaOrReference)), new("properties", 31, Map(SchemaOrReference)), new("additionalProperties", 32, SchemaOrFlag(SchemaOrReference)),
        new("default", 33, One(Default)), new("description", 34, Text), new("format", 35, Text),
    ]);

    private static readonly GnosticMessage MediaTypeMessage = new(5, [new("schema", 1, One(SchemaOrReference)), new("example", 2, Any)]);

    private static readonly GnosticMessage ParameterMessage = new(14,
    [
        new("name", 1, Text), new("in", 2, Text), new("description", 3, Text), new("required", 4, Flag), new("deprecated", 5, Flag), new("allowEmptyValue", 6, Flag), new("style", 7, Text),
        new("explode", 8, Flag), new("allowReserved", 9, Flag), new("schema", 10, One(SchemaOrReference)), new("example", 11, Any), new("content", 13, Map(MediaType)),
    ]);

    private static readonly GnosticMessage RequestBodyMessage = new(4, [new("description", 1, Text), new("content", 2, Map(MediaType)), new("required", 3, Flag)]);
    private static readonly GnosticMessage ResponseMessage = new(5, [new("description", 1, Text), new("content", 3, Map(MediaType))]);
    private static readonly GnosticBody ParameterOrReference = OrReference((w, v) => ParameterMessage.Write(w, v), Reference);
    private static readonly GnosticBody RequestBodyOrReference = OrReference((w, v) => RequestBodyMessage.Write(w, v), Reference);
    private static readonly GnosticBody ResponseOrReference = OrReference((w, v) => ResponseMessage.Write(w, v), Reference);
    private static readonly GnosticMessage ResponsesMessage = new(3, [new("default", 1, One(ResponseOrReference))], new GnosticOthers(2, IsCode, ResponseOrReference));

    private static readonly GnosticMessage OperationMessage = new(13,
    [
        new("tags", 1, Texts), new("summary", 2, Text), new("description", 3, Text), new("externalDocs", 4, One(ExternalDocs)), new("operationId", 5, Text),
        new("parameters", 6, Many(ParameterOrReference)), new("requestBody", 7, One(RequestBodyOrReference)), new("responses", 8, One((w, v) => ResponsesMessage.Write(w, v))),
        new("deprecated", 10, Flag), new("security", 11, Many(MapBody(StringsBody))),
    ]);

    private static readonly GnosticMessage PathItemMessage = new(14,
    [
        new("$ref", 1, Text), new("summary", 2, Text), new("description", 3, Text), new("get", 4, One(Operation)), new("put", 5, One(Operation)), new("post", 6, One(Operation)),
        new("delete", 7, One(Operation)), new("options", 8, One(Operation)), new("head", 9, One(Operation)), new("patch", 10, One(Operation)), new("trace", 11, One(Operation)),
        new("parameters", 13, Many(ParameterOrReference)),
    ]);

    private static readonly GnosticMessage PathsMessage = new(2, [], new GnosticOthers(1, static name => name.StartsWith('/'), (w, v) => PathItemMessage.Write(w, v)));
    private static readonly GnosticMessage ComponentsMessage = new(10, [new("schemas", 1, Map(SchemaOrReference))]);

    private static readonly GnosticMessage DocumentMessage = new(9,
    [
        new("openapi", 1, Text), new("info", 2, One((w, v) => InfoMessage.Write(w, v))), new("paths", 4, One((w, v) => PathsMessage.Write(w, v))),
        new("components", 5, One((w, v) => ComponentsMessage.Write(w, v))), new("security", 6, Many(MapBody(StringsBody))), new("tags", 7, Many((w, v) => TagMessage.Write(w, v))),
        new("externalDocs", 8, One(ExternalDocs)),
    ]);

    private static readonly GnosticBody Either = OrReference(Schema, Reference);

    /// <summary>The message of a document. Throws <see cref="GnosticFormatException"/> where it has what the message cannot say.</summary>
    internal static byte[] Write(JsonNode document)
    {
        var writer = new ProtobufWriter();
        DocumentMessage.Write(writer, document);
        return writer.Written.ToArray();
    }

    // Messages that others name before they are made, or that contain themselves.
    private static void Schema(ProtobufWriter writer, JsonNode? value) => SchemaMessage.Write(writer, value);

    private static void SchemaOrReference(ProtobufWriter writer, JsonNode? value) => Either(writer, value);

    private static void ExternalDocs(ProtobufWriter writer, JsonNode? value) => ExternalDocsMessage.Write(writer, value);

    private static void MediaType(ProtobufWriter writer, JsonNode? value) => MediaTypeMessage.Write(writer, value);

    private static void Operation(ProtobufWriter writer, JsonNode? value) => OperationMessage.Write(writer, value);

    /// <summary>What stands beside <c>$ref</c> means nothing, unless it is one of the two texts.</summary>
    private static void Reference(ProtobufWriter writer, JsonNode? value) =>
        ReferenceMessage.Write(writer, new JsonObject(Object(value).Where(m => m.Key is "$ref" or "summary" or "description").Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))));

    /// <summary><c>DefaultType</c> says a number, a boolean or a string. The default that is an object or a list is an empty one: there is a default, and it is not said which.</summary>
    private static void Default(ProtobufWriter writer, JsonNode? value)
    {
        switch (value?.GetValueKind())
        {
            case System.Text.Json.JsonValueKind.Number: writer.Double(1, Double(value)); break;
            case System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False: writer.Bool(2, value.GetValue<bool>()); break;
            case System.Text.Json.JsonValueKind.String: writer.Text(3, String(value)); break;
        }
    }

    private static void Mapping(ProtobufWriter writer, JsonNode? value)
    {
        foreach (var (name, text) in Object(value))
            writer.Message(1, (name, text), static (w, pair) =>
            {
                w.Text(1, pair.name);
                Text(w, 2, pair.text);
            });
    }

    private static bool IsCode(string name) => name.Length == 3 && name.All(c => c is 'X' or (>= '0' and <= '9'));
}
