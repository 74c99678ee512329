using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Kinds;
using Orchestrator.Resources.Validation;
using Orchestrator.Tests.Actors.Workloads;

namespace Orchestrator.Tests.Resources.Validation;

/// <summary>
/// One entry of a file in <c>Golden/</c>. A file holds a valid manifest, then a list of cases: <c>set</c> and <c>remove</c> edit the
/// manifest by path, <c>expect</c> lists the causes as <c>field: message</c>, in any order. A case with <c>update: true</c> edits a copy of
/// the defaulted manifest and is validated against it.
/// </summary>
internal sealed record ValidationCase(string Name, JsonObject Manifest, JsonObject? Set, JsonArray? Remove, bool Update, string Subresource, IReadOnlyList<string> Expected)
{
    public static IEnumerable<ValidationCase> All => Directory.GetFiles(Folder(), "*.yaml").Order(StringComparer.Ordinal).SelectMany(Read);

    /// <summary>Runs defaulting and validation as the write pipeline does, and tells what it found.</summary>
    public IReadOnlyList<string> Run()
    {
        var kind = KindCatalog.Default.FindByApiVersion((string)Manifest["apiVersion"]!, (string)Manifest["kind"]!)!;
        var errors = new FieldErrors();
        var obj = Manifest.DeepClone().AsObject();
        if (!Update)
        {
            Edit(obj);
            kind.Strategy.PrepareForCreate(obj);
            kind.Strategy.Default(obj);
            ObjectMetaValidation.Validate(obj, kind, errors);
            kind.Strategy.Validate(obj, errors);
        }
        else
        {
            kind.Strategy.PrepareForCreate(obj);
            kind.Strategy.Default(obj);
            var old = obj.DeepClone().AsObject();
            Edit(obj);
            kind.Strategy.PrepareForUpdate(obj, old, Subresource);
            kind.Strategy.Default(obj);
            ObjectMetaValidation.ValidateUpdate(obj, old, errors);
            kind.Strategy.ValidateUpdate(obj, old, Subresource, errors);
        }
        return [.. errors.Causes.Select(c => $"{c.Field}: {c.Message}")];
    }

    private static IEnumerable<ValidationCase> Read(string file)
    {
        var documents = YamlDocuments.Read(file);
        var manifest = documents[0]!.AsObject();
        foreach (var entry in documents[1]!.AsArray())
        {
            var expected = entry!["expect"]!.AsArray().Select(e => (string)e!).ToList();
            yield return new ValidationCase(
                $"{Path.GetFileNameWithoutExtension(file)}: {(string)entry["case"]!}", manifest, entry["set"] as JsonObject, entry["remove"] as JsonArray,
                (bool?)entry["update"] ?? false, (string?)entry["subresource"] ?? "", expected);
        }
    }

    private void Edit(JsonObject obj)
    {
        foreach (var (path, value) in Set ?? []) Put(obj, Steps(path), value);
        foreach (var path in Remove ?? []) Put(obj, Steps((string)path!), null, remove: true);
    }

    /// <summary><c>spec.containers[0].image</c> → names and numbers; a name with dots stands in quotes.</summary>
    private static List<object> Steps(string path)
    {
        var steps = new List<object>();
        foreach (var part in path.Replace("\\.", "\u0001", StringComparison.Ordinal).Split('.'))
        {
            var name = part.Replace('\u0001', '.');
            var bracket = name.IndexOf('[');
            steps.Add(bracket < 0 ? name : name[..bracket]);
            if (bracket >= 0) steps.Add(int.Parse(name[(bracket + 1)..^1], CultureInfo.InvariantCulture));
        }
        return steps;
    }

    private static void Put(JsonNode root, List<object> steps, JsonNode? value, bool remove = false)
    {
        var at = root;
        for (var i = 0; i < steps.Count; i++)
        {
            var last = i == steps.Count - 1;
            if (steps[i] is int index)
            {
                var list = at.AsArray();
                if (last && remove) list.RemoveAt(index);
                else if (last && index == list.Count) list.Add(value?.DeepClone());
                else if (last) list[index] = value?.DeepClone();
                else
                {
                    while (list.Count <= index) list.Add(new JsonObject());
                    at = list[index]!;
                }
                continue;
            }
            var (map, name) = (at.AsObject(), (string)steps[i]);
            if (last && remove) map.Remove(name);
            else if (last) map[name] = value?.DeepClone();
            else at = map[name] ??= steps[i + 1] is int ? new JsonArray() : new JsonObject();
        }
    }

    private static string Folder([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "Golden");
}
