using System.Text.Json.Nodes;

namespace Orchestrator.Resources.OpenApi;

/// <summary>
/// The part of another server's Swagger 2 document that is about one group version (kube-aggregator's openapi aggregator): to be shown beside our own, and as OpenAPI 3 where that server
/// gives none.
/// </summary>
public sealed class OpenApiPart
{
    private const string Definitions = "#/definitions/";
    private const string Parameters = "#/parameters/";

    private OpenApiPart(JsonObject paths, JsonObject definitions, string title, string version) => (Paths, Types, _title, _version) = (paths, definitions, title, version);

    private readonly string _title;
    private readonly string _version;

    /// <summary>Its paths, parameters in place.</summary>
    internal JsonObject Paths { get; }

    /// <summary>What its paths refer to.</summary>
    internal JsonObject Types { get; }

    /// <summary>Cuts the part out. A document that is none has no paths.</summary>
    public static OpenApiPart Of(JsonObject swagger, string group, string version)
    {
        var prefix = $"/apis/{group}/{version}/";
        var shared = swagger["parameters"] as JsonObject ?? [];
        var all = swagger["definitions"] as JsonObject ?? [];
        var (paths, definitions) = (new JsonObject(), new JsonObject());
        var wanted = new Queue<string>();
        foreach (var (path, item) in swagger["paths"] as JsonObject ?? [])
        {
            if (item is null || !$"{path}/".StartsWith(prefix, StringComparison.Ordinal)) continue;
            var copy = item.DeepClone();
            InPlace(copy, shared);
            Visit(copy, wanted.Enqueue);
            paths[path] = copy;
        }
        // A type that no path names may still be the one that a client looks for by its kind.
        foreach (var (name, type) in all)
            if (type?["x-kubernetes-group-version-kind"] is JsonArray kinds && kinds.Count == 1 && (string?)kinds[0]?["group"] == group && (string?)kinds[0]?["version"] == version) wanted.Enqueue(name);
        while (wanted.TryDequeue(out var name))
        {
            if (definitions.ContainsKey(name) || all[name] is not { } type) continue;
            definitions[name] = type.DeepClone();
            Visit(definitions[name], wanted.Enqueue);
        }
        var info = swagger["info"];
        return new OpenApiPart(paths, definitions, (string?)info?["title"] ?? "Kubernetes", (string?)info?["version"] ?? "unversioned");
    }

    /// <summary>Adds the part to a Swagger 2 document. A type that is called like another one there gets another name.</summary>
    internal void AddTo(JsonObject swagger)
    {
        var (paths, definitions) = (swagger["paths"]!.AsObject(), swagger["definitions"]!.AsObject());
        var renamed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, type) in Types)
        {
            // The same type from another build differs in its descriptions at most, and is as good.
            if (!definitions.TryGetPropertyValue(name, out var own) || JsonNode.DeepEquals(Bare(own), Bare(type))) continue;
            var other = name;
            for (var i = 2; definitions.ContainsKey(other) || Types.ContainsKey(other); i++) other = $"{name}_v{i}";
            renamed[name] = other;
        }
        foreach (var (name, type) in Types)
            if (renamed.TryGetValue(name, out var other)) definitions[other] = Renamed(type, renamed);
            else if (!definitions.ContainsKey(name)) definitions[name] = Renamed(type, renamed);
        foreach (var (path, item) in Paths) paths[path] = Renamed(item, renamed);
    }

    /// <summary>The part as an OpenAPI 3 document.</summary>
    public OpenApiDocument ToVersion3()
    {
        var paths = new JsonObject();
        foreach (var (path, item) in Paths)
            if (item is JsonObject operations) paths[path] = PathItem(operations);
        return OpenApiDocument.Of(new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = _title, ["version"] = _version },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = new JsonObject(Types.Select(t => KeyValuePair.Create(t.Key, Schema(t.Value)))) },
        });
    }

    private static JsonObject PathItem(JsonObject item)
    {
        var result = new JsonObject();
        foreach (var (name, value) in item)
        {
            if (name == "parameters") result[name] = new JsonArray([.. Parts(value).Where(p => (string?)p["in"] != "body").Select(p => (JsonNode)Parameter(p))]);
            else if (value is JsonObject operation) result[name] = Operation(operation);
            else result[name] = value?.DeepClone();
        }
        return result;
    }

    private static JsonObject Operation(JsonObject operation)
    {
        var result = new JsonObject();
        var parameters = Parts(operation["parameters"]).ToList();
        foreach (var (name, value) in operation)
        {
            switch (name)
            {
                case "consumes" or "produces" or "schemes": break;
                case "parameters":
                    var others = parameters.Where(p => (string?)p["in"] != "body").Select(p => (JsonNode)Parameter(p)).ToArray();
                    if (others.Length > 0) result[name] = new JsonArray(others);
                    if (parameters.FirstOrDefault(p => (string?)p["in"] == "body") is not { } body) break;
                    result["requestBody"] = new JsonObject { ["content"] = Content(operation["consumes"], body["schema"]) };
                    if (body["required"] is { } required) result["requestBody"]!["required"] = required.DeepClone();
                    break;
                case "responses":
                    result[name] = new JsonObject((value as JsonObject ?? []).Select(r => KeyValuePair.Create(r.Key, (JsonNode?)Response(operation, r.Value))));
                    break;
                default:
                    result[name] = value?.DeepClone();
                    break;
            }
        }
        return result;
    }

    private static JsonObject Response(JsonObject operation, JsonNode? response)
    {
        var result = new JsonObject { ["description"] = (string?)response?["description"] ?? "" };
        if (response?["schema"] is { } schema) result["content"] = Content(operation["produces"], schema);
        return result;
    }

    private static JsonObject Content(JsonNode? media, JsonNode? schema)
    {
        var types = (media as JsonArray ?? []).Select(m => (string?)m ?? "").Where(m => m.Length > 0).ToList();
        return new JsonObject((types.Count == 0 ? ["*/*"] : types).Select(m => KeyValuePair.Create(m, (JsonNode?)new JsonObject { ["schema"] = Schema(schema) })));
    }

    private static JsonObject Parameter(JsonObject parameter)
    {
        var (result, schema) = (new JsonObject(), new JsonObject());
        foreach (var (name, value) in parameter) (name is "name" or "in" or "description" or "required" ? result : schema)[name] = value?.DeepClone();
        result["schema"] = schema;
        return result;
    }

    private static JsonNode? Schema(JsonNode? schema)
    {
        switch (schema)
        {
            case JsonArray list:
                return new JsonArray([.. list.Select(Schema)]);
            case JsonObject obj when obj["$ref"] is JsonValue reference && reference.TryGetValue<string>(out var target):
                var referred = new JsonObject { ["$ref"] = target.Replace(Definitions, "#/components/schemas/", StringComparison.Ordinal) };
                if (obj.Count == 1) return referred;
                // Nothing may stand beside a reference.
                var wrapped = new JsonObject(obj.Where(p => p.Key != "$ref").Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
                wrapped["allOf"] = new JsonArray(referred);
                return wrapped;
            case JsonObject obj:
                return new JsonObject(obj.Select(p => KeyValuePair.Create(p.Key, Schema(p.Value))));
            default:
                return schema?.DeepClone();
        }
    }

    /// <summary>Puts shared parameters where they are referred to.</summary>
    private static void InPlace(JsonNode? node, JsonObject shared)
    {
        switch (node)
        {
            case JsonObject obj:
                foreach (var (_, value) in obj.ToList()) InPlace(value, shared);
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                    if (list[i]?.GetValueKind() == System.Text.Json.JsonValueKind.Object && list[i]!["$ref"] is JsonValue reference && reference.TryGetValue<string>(out var target)
                        && target.StartsWith(Parameters, StringComparison.Ordinal) && shared[target[Parameters.Length..]] is { } parameter) list[i] = parameter.DeepClone();
                    else InPlace(list[i], shared);
                break;
        }
    }

    private static void Visit(JsonNode? node, Action<string> found)
    {
        switch (node)
        {
            case JsonObject obj:
                foreach (var (name, value) in obj)
                    if (name == "$ref" && value is JsonValue reference && reference.TryGetValue<string>(out var target) && target.StartsWith(Definitions, StringComparison.Ordinal)) found(target[Definitions.Length..]);
                    else Visit(value, found);
                break;
            case JsonArray list:
                foreach (var item in list) Visit(item, found);
                break;
        }
    }

    private static JsonNode? Renamed(JsonNode? node, Dictionary<string, string> names) => node switch
    {
        JsonObject obj => new JsonObject(obj.Select(p => KeyValuePair.Create(p.Key,
            p.Key == "$ref" && p.Value is JsonValue reference && reference.TryGetValue<string>(out var target) && target.StartsWith(Definitions, StringComparison.Ordinal)
            && names.TryGetValue(target[Definitions.Length..], out var other) ? Definitions + other : Renamed(p.Value, names)))),
        JsonArray list => new JsonArray([.. list.Select(i => Renamed(i, names))]),
        _ => node?.DeepClone(),
    };

    private static JsonNode? Bare(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.Where(p => p.Key is not ("description" or "x-kubernetes-group-version-kind")).Select(p => KeyValuePair.Create(p.Key, Bare(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Bare)]),
        _ => node?.DeepClone(),
    };

    private static IEnumerable<JsonObject> Parts(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonObject>();
}
