using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Protobuf;

namespace Orchestrator.Resources.OpenApi;

/// <summary>
/// Writes a Swagger 2 document in gnostic's protobuf form (<c>openapi.v2.Document</c>), as far as <see cref="OpenApiV2"/> uses it. The numbers are the
/// message fields' of gnostic's OpenAPIv2.proto. Extensions travel as YAML text, for which compact JSON will do.
/// </summary>
internal static class GnosticV2
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static byte[] Write(JsonObject document)
    {
        var writer = new ProtobufWriter();
        writer.Text(1, (string)document["swagger"]!);
        writer.Message(2, document["info"]!.AsObject(), static (w, info) =>
        {
            Text(w, 1, info, "title");
            Text(w, 2, info, "version");
        });
        writer.Message(8, document["paths"]!.AsObject(), static (w, paths) => Named(w, 2, paths, PathItem));
        writer.Message(9, document["definitions"]!.AsObject(), static (w, definitions) => Named(w, 1, definitions, Schema));
        return writer.Written.ToArray();
    }

    private static void PathItem(ProtobufWriter w, JsonObject item)
    {
        foreach (var (name, number) in (ReadOnlySpan<(string, int)>)[("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8)])
            if (item[name] is JsonObject operation) w.Message(number, operation, Operation);
        Parameters(w, 9, item);
    }

    private static void Operation(ProtobufWriter w, JsonObject operation)
    {
        Texts(w, 1, operation, "tags");
        Text(w, 3, operation, "description");
        Text(w, 5, operation, "operationId");
        Texts(w, 6, operation, "produces");
        Texts(w, 7, operation, "consumes");
        Parameters(w, 8, operation);
        if (operation["responses"] is JsonObject responses)
            w.Message(9, responses, static (w, all) => Named(w, 1, all, static (w, value) => w.Message(1, value, Response)));
        Texts(w, 10, operation, "schemes");
        Extensions(w, 13, operation);
    }

    private static void Response(ProtobufWriter w, JsonObject response)
    {
        Text(w, 1, response, "description");
        if (response["schema"] is JsonObject schema) w.Message(2, schema, static (w, s) => w.Message(1, s, Schema));
    }

    private static void Parameters(ProtobufWriter w, int number, JsonObject owner)
    {
        foreach (var parameter in owner["parameters"] as JsonArray ?? [])
            w.Message(number, parameter!.AsObject(), static (w, p) => w.Message(1, p, Parameter));
    }

    private static void Parameter(ProtobufWriter w, JsonObject parameter)
    {
        switch ((string?)parameter["in"])
        {
            case "body":
                w.Message(1, parameter, static (w, p) =>
                {
                    Text(w, 2, p, "name");
                    Text(w, 3, p, "in");
                    Flag(w, 4, p, "required");
                    w.Message(5, p["schema"]!.AsObject(), Schema);
                });
                break;
            case "path":
                w.Message(2, parameter, static (w, outer) => w.Message(4, outer, static (w, p) =>
                {
                    Flag(w, 1, p, "required");
                    Text(w, 2, p, "in");
                    Text(w, 3, p, "description");
                    Text(w, 4, p, "name");
                    Text(w, 5, p, "type");
                    Flag(w, 19, p, "uniqueItems");
                }));
                break;
            default:
                w.Message(2, parameter, static (w, outer) => w.Message(3, outer, static (w, p) =>
                {
                    Flag(w, 1, p, "required");
                    Text(w, 2, p, "in");
                    Text(w, 3, p, "description");
                    Text(w, 4, p, "name");
                    Text(w, 6, p, "type");
                    Flag(w, 20, p, "uniqueItems");
                }));
                break;
        }
    }

    private static void Schema(ProtobufWriter w, JsonObject schema)
    {
        Text(w, 1, schema, "$ref");
        Text(w, 2, schema, "format");
        Text(w, 4, schema, "description");
        if (schema["default"] is { } value) w.Message(5, value, static (w, v) => w.Text(2, v.ToJsonString(Relaxed)));
        Texts(w, 19, schema, "required");
        if (schema["additionalProperties"] is JsonObject additional) w.Message(21, additional, static (w, a) => w.Message(1, a, Schema));
        if (schema["type"] is JsonValue type) w.Message(22, (string)type!, static (w, t) => w.Text(1, t));
        if (schema["items"] is JsonObject items) w.Message(23, items, static (w, i) => w.Message(1, i, Schema));
        if (schema["properties"] is JsonObject properties) w.Message(25, properties, static (w, p) => Named(w, 1, p, Schema));
        Extensions(w, 31, schema);
    }

    private static void Extensions(ProtobufWriter w, int number, JsonObject owner)
    {
        foreach (var (name, value) in owner)
        {
            if (value is null || !name.StartsWith("x-", StringComparison.Ordinal)) continue;
            w.Message(number, (name, value), static (w, extension) =>
            {
                w.Text(1, extension.name);
                w.Message(2, extension.value, static (w, v) => w.Text(2, v.ToJsonString(Relaxed)));
            });
        }
    }

    private static void Named(ProtobufWriter w, int number, JsonObject members, Action<ProtobufWriter, JsonObject> write)
    {
        foreach (var (name, value) in members)
            w.Message(number, (name, value: value!.AsObject(), write), static (w, member) =>
            {
                w.Text(1, member.name);
                w.Message(2, member.value, member.write);
            });
    }

    private static void Text(ProtobufWriter w, int number, JsonObject owner, string name)
    {
        if (owner[name] is JsonValue value) w.Text(number, (string)value!);
    }

    private static void Texts(ProtobufWriter w, int number, JsonObject owner, string name)
    {
        foreach (var value in owner[name] as JsonArray ?? []) w.Text(number, (string)value!);
    }

    private static void Flag(ProtobufWriter w, int number, JsonObject owner, string name)
    {
        if (owner[name] is JsonValue value && (bool)value) w.Bool(number, true);
    }
}
