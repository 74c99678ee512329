using System.IO.Compression;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;

namespace Orchestrator.Tests.Resources.Fixtures;

/// <summary>
/// One fully populated object per built-in kind, in JSON, YAML and protobuf: the files of k8s.io/api/testdata/HEAD (v0.32, Debian package
/// golang-k8s-api-dev), zipped as they are. Their values are arbitrary: they test codecs, not validation. A second archive has those of the two versions before
/// that differ; what they become where a field has gone since is beside them, with <c>after_roundtrip</c> in its name. Both have the alpha and beta kinds, too, which the API does
/// not serve: their schema is a file of the tests, by the same tool.
/// </summary>
public static class ApiFixtures
{
    private const string AfterRoundTrip = ".after_roundtrip";

    private static readonly SchemaCatalog Schemas = SchemaCatalog.Load(Resource("schema-prerelease.jsonl"));
    private static readonly Dictionary<string, byte[]> Files = Load("api-testdata.zip");
    private static readonly Dictionary<string, byte[]> OlderFiles = Load("api-testdata-older.zip");

    /// <summary>Fixture names without extension, e.g. <c>apps.v1.Deployment</c>.</summary>
    public static IEnumerable<object[]> Names => NamesIn(Files);

    /// <summary>As <see cref="Names"/>, of the versions that are served.</summary>
    public static IEnumerable<object[]> StableNames => Names.Where(name => SchemaCatalog.Default.TryFind(SchemaName((string)name[0])) is not null);

    /// <summary>As <see cref="Names"/>, of older versions, e.g. <c>v1.30.0/apps.v1.Deployment</c>.</summary>
    public static IEnumerable<object[]> OlderNames => NamesIn(OlderFiles);

    /// <summary>The file's bytes; <paramref name="extension"/> is <c>json</c>, <c>yaml</c> or <c>pb</c>.</summary>
    public static byte[] Bytes(string name, string extension) => (name.Contains('/') ? OlderFiles : Files)[$"{name}.{extension}"];

    /// <summary>What the file is to be after it was read and written by today's types.</summary>
    public static byte[] RoundTripped(string name, string extension) => OlderFiles.TryGetValue($"{name}{AfterRoundTrip}.{extension}", out var later) ? later : Bytes(name, extension);

    /// <summary>The JSON fixture, compact.</summary>
    public static JsonObject Json(string name) => JsonNode.Parse(Bytes(name, "json"))!.AsObject();

    /// <summary>The schema type of a fixture.</summary>
    public static SchemaType Type(string name) => Schemas.Find(SchemaName(name[(name.IndexOf('/') + 1)..]));

    /// <summary><c>rbac.authorization.k8s.io.v1.Role</c> → <c>io.k8s.api.rbac.v1.Role</c>.</summary>
    public static string SchemaName(string name)
    {
        var parts = name.Split('.');
        var meta = parts[^1] is "APIGroup" or "APIVersions" or "APIGroupList" or "APIResourceList" or "Status" or "WatchEvent" || parts[^1].EndsWith("Options", StringComparison.Ordinal) && parts[^1] is not ("PodLogOptions" or "PodExecOptions" or "PodAttachOptions" or "PodPortForwardOptions" or "PodProxyOptions" or "NodeProxyOptions" or "ServiceProxyOptions") ? "io.k8s.apimachinery.pkg.apis.meta" : $"io.k8s.api.{(parts[0] == "internal" ? "apiserverinternal" : parts[0])}";
        return $"{meta}.{parts[^2]}.{parts[^1]}";
    }

    private static IEnumerable<object[]> NamesIn(Dictionary<string, byte[]> files) =>
        files.Keys.Where(k => k.EndsWith(".json", StringComparison.Ordinal) && !k.Contains(AfterRoundTrip, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(k => new object[] { k[..^5] });

    private static Dictionary<string, byte[]> Load(string resource)
    {
        using var zip = new ZipArchive(new MemoryStream(Resource(resource)));
        return zip.Entries.ToDictionary(e => e.FullName, e => Content(e.Open()), StringComparer.Ordinal);
    }

    private static byte[] Resource(string name) => Content(typeof(ApiFixtures).Assembly.GetManifestResourceStream(name)!);

    private static byte[] Content(Stream stream)
    {
        using var read = stream;
        var copy = new MemoryStream();
        read.CopyTo(copy);
        return copy.ToArray();
    }
}
