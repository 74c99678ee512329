using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using Orchestrator.Engine.Actor;

namespace Orchestrator.Tests.Engine.Remote;

/// <summary>Makes a message of any type with something in every field.</summary>
internal sealed class WireSamples(IActorRef actor)
{
    private int _count;

    public object Make(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner) return Make(inner);
        if (type == typeof(string)) return $"text {++_count} <\"é\">";
        if (type == typeof(bool)) return true;
        if (type == typeof(object)) return "any message";
        if (type == typeof(byte[])) return "bytes"u8.ToArray();
        if (type == typeof(ReadOnlyMemory<byte>)) return (ReadOnlyMemory<byte>)new[] { (byte)++_count, (byte)0xff, (byte)0 };
        if (type == typeof(TimeSpan)) return TimeSpan.FromMilliseconds(++_count);
        if (type == typeof(DateTimeOffset)) return new DateTimeOffset(2030, 1, 1, 0, 0, ++_count, TimeSpan.Zero);
        if (type == typeof(JsonObject)) return new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"web-{++_count}" }, ["list"] = new JsonArray(1, "two", null) };
        if (type == typeof(IActorRef)) return actor;
        if (type == typeof(Exception)) return new InvalidOperationException($"failure {++_count}");
        if (type.IsEnum) return Enum.GetValues(type).GetValue(1)!;
        if (type.IsPrimitive) return Convert.ChangeType(++_count, type, CultureInfo.InvariantCulture);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) return List(type.GenericTypeArguments[0]);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>)) return Map(type.GenericTypeArguments[0], type.GenericTypeArguments[1]);
        return Construct(type);
    }

    private System.Collections.IDictionary Map(Type key, Type value)
    {
        var map = (System.Collections.IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(key, value))!;
        for (var i = 0; i < 2; i++) map[Make(key)] = Make(value);
        return map;
    }

    private Array List(Type item)
    {
        var list = Array.CreateInstance(item, 2);
        list.SetValue(Make(item), 0);
        list.SetValue(Make(item), 1);
        return list;
    }

    private object Construct(Type type)
    {
        if (type.GetProperty("Instance", BindingFlags.Static | BindingFlags.Public) is { } only && only.PropertyType == type) return only.GetValue(null)!;
        var constructor = type.GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        var made = constructor.Invoke([.. constructor.GetParameters().Select(parameter => Make(parameter.ParameterType))]);
        foreach (var property in type.GetProperties().Where(p => p.CanWrite && !constructor.GetParameters().Any(parameter => parameter.Name == p.Name)))
            property.SetValue(made, Make(property.PropertyType));
        return made;
    }
}
