using System.Reflection;
using System.Text;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Protocol.Resources;
using Orchestrator.Protocol.Streams;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Architecture;

/// <summary>
/// Members and agents of neighbouring versions talk to each other: a message that changes its form must not do so unseen. A new form is read a version
/// before it is written.
/// </summary>
public sealed class WireContractTests
{
    private static readonly WireCatalog Catalog = WireCatalog.Of(typeof(ResourceCommand).Assembly, typeof(Orchestrator.Actors.ControlPlane).Assembly);

    [Fact]
    public void Messages_between_processes_have_the_approved_form()
    {
        var text = new StringBuilder("# Every message that crosses a process boundary, by its wire name, and what their fields are made of. A form that is here is read for ever.\n");
        var parts = new SortedSet<Type>(Comparer<Type>.Create((one, other) => string.CompareOrdinal(Name(one), Name(other))));
        foreach (var message in Catalog.Types)
        {
            text.Append($"{message.Name} {{ {string.Join(", ", message.Instance is null && !message.Type.IsPrimitive && message.Type != typeof(string) ? Properties(message.Type) : [])} }}\n");
            Collect(message.Type, parts);
        }

        text.Append('\n');
        foreach (var part in parts.Where(part => Catalog.Find(part) is null))
        {
            text.Append(part.IsEnum
                ? $"enum {Name(part)} {{ {string.Join(", ", Enum.GetNames(part).Select(n => $"{n} = {Convert.ToInt64(Enum.Parse(part, n))}"))} }}\n"
                : $"part {Name(part)} {{ {string.Join(", ", Properties(part))} }}\n");
        }

        Repository.ShouldBeApproved(text.ToString(), "approved-wire-contract.txt");
    }

    [Fact]
    public void Every_message_of_the_protocol_has_a_wire_name()
    {
        var parts = new HashSet<Type>();
        foreach (var message in Catalog.Types) Collect(message.Type, parts);
        typeof(ResourceCommand).Assembly.GetExportedTypes()
            .Where(type => !type.IsAbstract && IsRecord(type) && Catalog.Find(type) is null && !parts.Contains(type) && type != typeof(StreamFrame))
            .ShouldBeEmpty();
    }

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null;

    /// <summary>The types of ours that a message's fields are made of.</summary>
    private static void Collect(Type type, ISet<Type> parts)
    {
        if (type.IsArray || type.IsGenericType)
        {
            foreach (var inner in type.IsArray ? [type.GetElementType()!] : type.GenericTypeArguments) Collect(inner, parts);
            return;
        }

        if (type.Namespace?.StartsWith("Orchestrator.", StringComparison.Ordinal) != true || type == typeof(IActorRef) || !parts.Add(type) || type.IsEnum) return;
        foreach (var property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public)) Collect(property.PropertyType, parts);
    }

    private static IEnumerable<string> Properties(Type type)
    {
        var nullability = new NullabilityInfoContext();
        return type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(p => p.GetIndexParameters().Length == 0)
            .OrderBy(p => p.Name, StringComparer.Ordinal)
            .Select(p => $"{p.Name}: {Describe(nullability.Create(p))}");
    }

    private static string Describe(NullabilityInfo info)
    {
        var type = info.Type;
        if (Nullable.GetUnderlyingType(type) is { } inner) return Name(inner) + "?";
        var mark = !type.IsValueType && info.ReadState == NullabilityState.Nullable ? "?" : "";
        if (info.ElementType is { } element) return $"{Describe(element)}[]{mark}";
        if (info.GenericTypeArguments.Length == 0) return Name(type) + mark;
        return $"{Generic(type, info.GenericTypeArguments.Select(Describe))}{mark}";
    }

    private static string Generic(Type type, IEnumerable<string> arguments) => $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", arguments)}>";

    private static string Name(Type type) => type.IsGenericType ? Generic(type, type.GenericTypeArguments.Select(Name)) : type.Namespace?.StartsWith("Orchestrator.", StringComparison.Ordinal) == true ? type.FullName!["Orchestrator.".Length..] : type.Name;
}
