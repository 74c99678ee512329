using System.Collections.Concurrent;
using System.Reflection;
using System.Text;

namespace Orchestrator.Resources.Schema;

/// <summary>
/// Every known type by name. The built-in ones are embedded as JSON lines (see <c>eng/Orchestrator.SchemaTool</c>); making the catalogue only
/// notes where each line lies, and a type is parsed when it is first asked for, so that start-up does not pay for types nobody uses.
/// Custom resources add types at run time. Safe for concurrent use.
/// </summary>
public sealed class SchemaCatalog
{
    private readonly byte[] _lines;
    private readonly Dictionary<string, (int Start, int Length)> _index = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SchemaType> _types = new(StringComparer.Ordinal);

    private SchemaCatalog(byte[] lines)
    {
        _lines = lines;
        // Every line starts with {"name":"<name>", as the tool writes it.
        ReadOnlySpan<byte> start = "{\"name\":\""u8;
        for (var at = 0; at < lines.Length;)
        {
            var rest = lines.AsSpan(at);
            var length = rest.IndexOf((byte)'\n');
            if (length < 0) length = rest.Length;
            var name = rest[start.Length..length];
            _index.Add(Encoding.ASCII.GetString(name[..name.IndexOf((byte)'"')]), (at, length));
            at += length + 1;
        }
    }

    /// <summary>The built-in types. Shared: what is added to it is seen by all.</summary>
    public static SchemaCatalog Default => field ??= Load();

    /// <summary>A catalogue of its own with the built-in types and <paramref name="more"/>, in the form the tool writes.</summary>
    public static SchemaCatalog Load(ReadOnlySpan<byte> more = default)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("schema.jsonl") ?? throw new InvalidOperationException("the schema is not embedded");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new SchemaCatalog([.. bytes, .. more]);
    }

    /// <summary>Names of all types, sorted.</summary>
    public IReadOnlyList<string> Names => [.. _index.Keys.Concat(_types.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The type called <paramref name="name"/>; throws <see cref="KeyNotFoundException"/> when there is none.</summary>
    public SchemaType Find(string name) => TryFind(name) ?? throw new KeyNotFoundException($"no schema type '{name}'");

    /// <summary>The type called <paramref name="name"/>, or null.</summary>
    public SchemaType? TryFind(string name)
    {
        if (_types.TryGetValue(name, out var known)) return known;
        return _index.TryGetValue(name, out var line) ? _types.GetOrAdd(name, SchemaLine.Parse(_lines.AsSpan(line.Start, line.Length), this)) : null;
    }

    /// <summary>Adds a type or replaces the one of the same name.</summary>
    public void Add(SchemaType type) => _types[type.Name] = type;

    /// <summary>Forgets an added type.</summary>
    public void Remove(string name) => _types.TryRemove(name, out _);
}
