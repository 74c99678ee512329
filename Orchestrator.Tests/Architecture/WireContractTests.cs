using System.Reflection;
using System.Text;
using Xunit;

namespace Orchestrator.Tests.Architecture;

/// <summary>
/// Members and agents of neighbouring versions talk to each other: a message that changes its form must not do so unseen. A new form is read a version
/// before it is written.
/// </summary>
public sealed class WireContractTests
{
    [Fact]
    public void Messages_between_processes_have_the_approved_form()
    {
        var text = new StringBuilder("# Every message that crosses a process boundary: name, what it is a case of, properties with types.\n");
        foreach (var type in typeof(Orchestrator.Protocol.Resources.ResourceCommand).Assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            if (type.IsEnum)
                text.Append($"enum {Name(type)} {{ {string.Join(", ", Enum.GetNames(type).Select(n => $"{n} = {Convert.ToInt64(Enum.Parse(type, n))}"))} }}\n");
            else if (IsRecord(type))
                text.Append($"{(type.IsAbstract ? "abstract " : "")}record {Name(type)}{Base(type)} {{ {string.Join(", ", Properties(type))} }}\n");
        }
        Repository.ShouldBeApproved(text.ToString(), "approved-wire-contract.txt");
    }

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null;

    private static string Base(Type type) => type.BaseType is { } parent && IsRecord(parent) ? $" : {Name(parent)}" : "";

    private static IEnumerable<string> Properties(Type type)
    {
        var nullability = new NullabilityInfoContext();
        return type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
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
