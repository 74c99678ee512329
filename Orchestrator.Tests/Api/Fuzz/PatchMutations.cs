using System.Text.Json.Nodes;

namespace Orchestrator.Tests.Api.Fuzz;

/// <summary>Wrong patches of an object, in each of the four types.</summary>
internal static class PatchMutations
{
    private static readonly string[] Operations = ["add", "remove", "replace", "move", "copy", "test", "frobnicate", ""];

    /// <summary>An RFC 6902 patch whose operations need not fit the object.</summary>
    public static JsonNode JsonPatch(JsonNode document, Random random)
    {
        var operations = new JsonArray();
        for (var i = random.Next(4); i >= 0; i--)
        {
            var operation = new JsonObject { ["op"] = Operations[random.Next(Operations.Length)], ["path"] = Pointer(document, random) };
            if (random.Next(4) > 0) operation["value"] = Value(document, random);
            if (random.Next(3) == 0) operation["from"] = Pointer(document, random);
            operations.Add(operation);
        }
        return operations;
    }

    /// <summary>A merge, strategic merge or apply patch: a part of the object, damaged, with directives where none belongs.</summary>
    public static JsonNode Merge(JsonNode document, Random random)
    {
        var patch = document.DeepClone().AsObject();
        foreach (var name in patch.Select(p => p.Key).ToList())
            if (name is not ("apiVersion" or "kind" or "metadata") && random.Next(2) == 0) patch.Remove(name);
        for (var i = random.Next(3); i >= 0; i--) Direct(patch, random);
        return random.Next(3) == 0 ? patch : JsonMutations.Change(patch, random);
    }

    private static void Direct(JsonObject root, Random random)
    {
        var at = root;
        var lists = new List<JsonArray>();
        while (random.Next(4) > 0)
        {
            lists.AddRange(at.Select(p => p.Value).OfType<JsonArray>());
            var inner = at.Select(p => p.Value).OfType<JsonObject>().ToList();
            if (inner.Count == 0) break;
            at = inner[random.Next(inner.Count)];
        }
        switch (random.Next(6))
        {
            case 0:
                at["$patch"] = random.Next(4) switch { 0 => "delete", 1 => "replace", 2 => "merge", _ => (JsonNode)5 };
                break;
            case 1:
                at["$retainKeys"] = random.Next(2) == 0 ? new JsonArray("type", 3) : "x";
                break;
            case 2:
                at["$setElementOrder/containers"] = random.Next(2) == 0 ? new JsonArray(new JsonObject { ["name"] = "nobody" }, "x", null) : new JsonObject();
                break;
            case 3:
                at["$deleteFromPrimitiveList/finalizers"] = random.Next(2) == 0 ? new JsonArray("a", new JsonObject()) : true;
                break;
            case 4:
                foreach (var list in lists) list.Add(new JsonObject { ["$patch"] = random.Next(2) == 0 ? "delete" : "replace" });
                break;
            default:
                ((root["metadata"] as JsonObject) ?? at)["managedFields"] = new JsonArray(new JsonObject { ["manager"] = 5, ["fieldsV1"] = new JsonObject { ["f:x"] = "y", ["k:{"] = new JsonObject() } });
                break;
        }
    }

    private static string Pointer(JsonNode document, Random random)
    {
        var path = "";
        JsonNode? at = document;
        while (random.Next(5) > 0)
        {
            if (at is JsonObject { Count: > 0 } obj)
            {
                var (name, value) = obj.ElementAt(random.Next(obj.Count));
                path += "/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
                at = value;
            }
            else if (at is JsonArray list)
            {
                path += random.Next(4) switch { 0 => "/-", 1 => "/-1", 2 => "/99999999999", _ => $"/{random.Next(list.Count + 2)}" };
                at = list.Count > 0 ? list[random.Next(list.Count)] : null;
            }
            else break;
        }
        return random.Next(8) switch { 0 => path + "/~2", 1 => path.TrimStart('/'), 2 => path + "/", 3 => path + "/nothing/there", _ => path };
    }

    private static JsonNode? Value(JsonNode document, Random random) => random.Next(5) switch
    {
        0 => null,
        1 => random.Next(),
        2 => "text",
        3 => document.DeepClone(),
        _ => new JsonArray(new JsonObject { ["name"] = "x" }),
    };
}
