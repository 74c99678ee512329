using Orchestrator.SchemaTool;
using Orchestrator.SchemaTool.Go;

// Usage: Orchestrator.SchemaTool <output folder> <schema of alpha and beta versions> <folder holding k8s.io/...>...
// Reads the Go packages of Sources from the first folder that has them, and this tool's Supplements, and rewrites
// <output>/schema.jsonl and <output>/Types/**, and the schema of the versions that are only there for tests.
if (args.Length < 3)
{
    Console.Error.WriteLine("usage: Orchestrator.SchemaTool <Orchestrator.Resources/Generated> <Orchestrator.Tests/Resources/Fixtures/schema-prerelease.jsonl> <folder holding k8s.io>...");
    return 2;
}

var packages = new Dictionary<string, GoPackage>(StringComparer.Ordinal);
Source[] sources = [.. Sources.All, .. Sources.PreRelease];
foreach (var source in sources)
{
    var folder = args[2..].Select(root => Path.Combine(root, source.ImportPath)).FirstOrDefault(Directory.Exists)
        ?? throw new DirectoryNotFoundException($"none of the folders has {source.ImportPath}");
    var package = packages[source.ImportPath] = new GoPackage(source.ImportPath);
    foreach (var file in Directory.EnumerateFiles(folder, "*.go").Where(DeclaresTypes).Order(StringComparer.Ordinal)) GoFileParser.Parse(File.ReadAllText(file), package);
    Supplements.AddTo(package);
}

var builder = new SchemaBuilder(packages, sources);
var types = builder.Build(Sources.All);
var output = args[0];
Directory.CreateDirectory(output);
if (Directory.Exists(Path.Combine(output, "Types"))) Directory.Delete(Path.Combine(output, "Types"), recursive: true);
foreach (var type in types)
{
    var path = Path.Combine(output, "Types", CSharpEmitter.PathOf(type));
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    File.WriteAllText(path, CSharpEmitter.Emit(type));
}
var schema = SchemaEmitter.Emit(types);
File.WriteAllBytes(Path.Combine(output, "schema.jsonl"), schema);
File.WriteAllBytes(args[1], SchemaEmitter.Emit(builder.Build(Sources.PreRelease)));
Console.WriteLine($"{types.Count} types, {types.Sum(t => t.Fields.Count)} fields, schema of {schema.Length / 1024} KiB");
return 0;

static bool DeclaresTypes(string file) => Path.GetFileName(file) is var name && (name is "watch.go" or "group_version.go" or "micro_time.go"
    || (name.StartsWith("types", StringComparison.Ordinal) && !name.Contains("swagger", StringComparison.Ordinal) && !name.EndsWith("_test.go", StringComparison.Ordinal)));
