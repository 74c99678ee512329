using System.Collections.Frozen;
using System.Reflection;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Engine.Remote.Serialization;

/// <summary>Every message that may cross a process boundary, by type and by wire name. Immutable.</summary>
public sealed class WireCatalog
{
    private static readonly (Type Type, string Name)[] BuiltIn =
    [
        (typeof(string), "text"),
        (typeof(bool), "bool"),
        (typeof(int), "int32"),
        (typeof(long), "int64"),
        (typeof(double), "double"),
        (typeof(PoisonPill), "poison-pill.v1"),
        (typeof(Identify), "identify.v1"),
        (typeof(ActorIdentity), "actor-identity.v1"),
        (typeof(Status.Success), "status.success.v1"),
        (typeof(Status.Failure), "status.failure.v1"),
        (typeof(Done), "done.v1"),
    ];

    private readonly FrozenDictionary<Type, WireType> _byType;
    private readonly FrozenDictionary<string, WireType>.AlternateLookup<ReadOnlySpan<char>> _byName;

    private WireCatalog(IReadOnlyList<WireType> types)
    {
        Types = types;
        _byType = types.ToFrozenDictionary(type => type.Type);
        _byName = types.ToFrozenDictionary(type => type.Name, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>All of them, by name.</summary>
    public IReadOnlyList<WireType> Types { get; }

    /// <summary>
    /// The engine's own messages and those that carry <see cref="WireNameAttribute"/> in the assemblies. Throws <see cref="ArgumentException"/> where two have one name.
    /// </summary>
    public static WireCatalog Of(params IEnumerable<Assembly> assemblies)
    {
        var types = BuiltIn.Select(type => new WireType(type.Type, type.Name)).ToList();
        foreach (var assembly in assemblies.Prepend(typeof(WireCatalog).Assembly).Distinct())
        {
            foreach (var type in assembly.GetTypes())
            {
                if (type.GetCustomAttribute<WireNameAttribute>(inherit: false) is { } named)
                    types.Add(new WireType(type, named.Name));
            }
        }

        if (types.GroupBy(type => type.Name, StringComparer.Ordinal).FirstOrDefault(name => name.Count() > 1) is { } twice)
            throw new ArgumentException($"The wire name {twice.Key} is given to {string.Join(" and ", twice.Select(type => type.Type.FullName))}.", nameof(assemblies));
        return new WireCatalog([.. types.OrderBy(type => type.Name, StringComparer.Ordinal)]);
    }

    /// <summary>The message's type; null where it must not cross.</summary>
    public WireType? Find(Type type) => _byType.GetValueOrDefault(type);

    /// <summary>The type of a name; null where it is unknown.</summary>
    public WireType? Find(ReadOnlySpan<char> name) => _byName.TryGetValue(name, out var type) ? type : null;
}

/// <summary>A type with its wire name.</summary>
public sealed class WireType
{
    internal WireType(Type type, string name)
    {
        Type = type;
        Name = name;
        Utf8Name = System.Text.Encoding.UTF8.GetBytes(name);

        // A message that carries nothing has one instance, reached through a property of that name.
        if (type.GetProperty("Instance", BindingFlags.Public | BindingFlags.Static) is { } only && only.PropertyType == type)
            Instance = only.GetValue(null);
    }

    /// <summary>The .NET type.</summary>
    public Type Type { get; }

    /// <summary>Its name on the wire.</summary>
    public string Name { get; }

    /// <summary>The only instance of a message that carries nothing; else null.</summary>
    public object? Instance { get; }

    internal byte[] Utf8Name { get; }
}
