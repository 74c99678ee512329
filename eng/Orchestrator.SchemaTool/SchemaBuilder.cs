using Orchestrator.SchemaTool.Go;

namespace Orchestrator.SchemaTool;

/// <summary>Turns parsed Go packages into the resolved model: references resolved, embeddings flattened, markers read.</summary>
public sealed class SchemaBuilder(IReadOnlyDictionary<string, GoPackage> packages, IReadOnlyList<Source> sources)
{
    private readonly Dictionary<string, TypeModel> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Source> _sources = sources.ToDictionary(s => s.ImportPath, StringComparer.Ordinal);

    /// <summary>Every struct of these of the sources, in their order. Throws when a reference leaves the sources.</summary>
    public IReadOnlyList<TypeModel> Build(IReadOnlyList<Source> wanted)
    {
        var all = new List<TypeModel>();
        foreach (var source in wanted)
            foreach (var declared in packages[source.ImportPath].Structs)
            {
                if (Sources.Special.ContainsKey($"{source.ImportPath}.{declared.Name}") || declared.Name is "TypeMeta") continue;
                all.Add(Type(source.ImportPath, declared.Name));
            }
        return all;
    }

    private TypeModel Type(string package, string name)
    {
        var key = $"{package}.{name}";
        if (_types.TryGetValue(key, out var known)) return known;
        var source = _sources[package];
        var declared = packages[package].Structs.Find(s => s.Name == name) ?? throw new FormatException($"no struct {key}");
        var type = new TypeModel(package, $"{source.SchemaPrefix}.{name}", name)
        {
            Deprecated = declared.Deprecated,
            ApiVersion = source.ApiVersion,
            StructType = Marker(declared.Markers, "structType"),
        };
        _types[key] = type;
        Flatten(package, declared, type, []);
        return type;
    }

    private void Flatten(string package, GoStruct declared, TypeModel into, IReadOnlyList<int> path)
    {
        foreach (var field in declared.Fields)
        {
            if (!field.Inline) { into.Fields.Add(Field(package, field) with { ProtobufPath = path }); continue; }
            var (embeddedPackage, embeddedName) = Locate(package, field.Type);
            // An alias of another version's type.
            while (packages[embeddedPackage].Named.TryGetValue(embeddedName, out var alias)) (embeddedPackage, embeddedName) = Locate(embeddedPackage, alias.Underlying);
            if (embeddedName == "TypeMeta")
            {
                into.HasTypeMeta = true;
                foreach (var meta in packages[embeddedPackage].Structs.Find(s => s.Name == "TypeMeta")!.Fields)
                    into.Fields.Add(Field(embeddedPackage, meta) with { Protobuf = "" });
                continue;
            }
            // An embedded struct is a nested message in protobuf although JSON flattens it: remember under which numbers.
            IReadOnlyList<int> inner = field.Protobuf.Length == 0 ? path : [.. path, int.Parse(field.Protobuf.Split(',')[1], System.Globalization.CultureInfo.InvariantCulture)];
            Flatten(embeddedPackage, packages[embeddedPackage].Structs.Find(s => s.Name == embeddedName) ?? throw new FormatException($"no struct {embeddedPackage}.{embeddedName}"), into, inner);
        }
    }

    private FieldModel Field(string package, GoField field)
    {
        var type = Resolve(package, field.Type, out var enumeration);
        var goName = field.Embedded ? char.ToUpperInvariant(field.JsonName[0]) + field.JsonName[1..] : field.Name;
        var required = field.Markers.Contains("required") || field.Markers.Contains("kubebuilder:validation:Required");
        var optional = !required && (field.OmitEmpty || field.Markers.Contains("optional"));
        return new FieldModel(goName, field.JsonName, type, field.OmitEmpty, optional, field.Protobuf, field.PatchStrategy, field.PatchMergeKey,
            Marker(field.Markers, "listType"), [.. field.Markers.Where(m => m.StartsWith("listMapKey=", StringComparison.Ordinal)).Select(m => m["listMapKey=".Length..].Trim('"'))],
            Marker(field.Markers, "structType"), Marker(field.Markers, "mapType"), enumeration, Default(package, field), field.Deprecated);
    }

    private string? Default(string package, GoField field)
    {
        var text = Marker(field.Markers, "default");
        if (text.Length == 0) return null;
        return text.StartsWith("ref(", StringComparison.Ordinal) ? $"\"{packages[package].ConstantValues[text[4..^1]]}\"" : text;
    }

    private TypeRef Resolve(string package, string type, out IReadOnlyList<string> enumeration)
    {
        enumeration = [];
        if (type.StartsWith('*')) return Resolve(package, type[1..], out enumeration) with { Pointer = true };
        if (type == "[]byte") return new TypeRef("bytes", false);
        if (type.StartsWith("[]", StringComparison.Ordinal)) return new TypeRef("list", false, Resolve(package, type[2..], out enumeration));
        if (type.StartsWith("map[", StringComparison.Ordinal)) return new TypeRef("map", false, Resolve(package, type[(type.IndexOf(']') + 1)..], out _));
        switch (type)
        {
            case "string" or "bool" or "int32" or "int64": return new TypeRef(type, false);
            case "int": return new TypeRef("int64", false);
            case "float64": return new TypeRef("double", false);
            case "interface{}": return new TypeRef("raw", false);
        }
        var (home, name) = Locate(package, type);
        if (Sources.Special.TryGetValue($"{home}.{name}", out var special)) return new TypeRef(special, false);
        var declaring = packages[home];
        if (!declaring.Named.TryGetValue(name, out var named)) return new TypeRef("struct", false, Struct: Type(home, name));
        var resolved = Resolve(home, named.Underlying, out enumeration);
        if (named.Markers.Contains("enum")) enumeration = declaring.Constants.GetValueOrDefault(name, []);
        return resolved;
    }

    private (string Package, string Name) Locate(string package, string type)
    {
        var dot = type.IndexOf('.');
        if (dot < 0) return (package, type.TrimStart('*'));
        return (packages[package].Imports[type[..dot].TrimStart('*')], type[(dot + 1)..]);
    }

    private static string Marker(IReadOnlyList<string> markers, string name) =>
        markers.FirstOrDefault(m => m.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";
}
