using System.Text.Json;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Resources.Json;

/// <summary>
/// Base of every generated Kubernetes type. Instances are mutable plain data with Go's zero values: strings are empty rather than null unless
/// Go has a pointer, absent lists and maps are null. Reading and writing go through <see cref="TypedJson"/>.
/// </summary>
public abstract class ApiType
{
    /// <summary>Reads the value the reader stands on into the field called <paramref name="name"/>; false, reader untouched, when there is none.</summary>
    internal abstract bool ReadField(ReadOnlySpan<byte> name, ref Utf8JsonReader reader);

    /// <summary>Writes every field in Go's order, leaving out what Go's <c>omitempty</c> leaves out.</summary>
    internal abstract void WriteFields(Utf8JsonWriter writer);

    /// <summary>
    /// Empties the preset kind and apiVersion. Go writes them on the outermost object only; reading an inner one (a list's item, a volume claim
    /// template) must not invent them.
    /// </summary>
    internal virtual void ForgetKind() { }
}

/// <summary>A generated type that is a kind with <c>metadata</c>.</summary>
public interface IApiObject
{
    /// <summary>Kind, preset to the type's own.</summary>
    string Kind { get; set; }

    /// <summary><c>v1</c>, <c>apps/v1</c>, preset to the type's own.</summary>
    string APIVersion { get; set; }

    /// <summary>Name, namespace, labels, owners and so on.</summary>
    ObjectMeta Metadata { get; set; }
}

/// <summary>A generated list kind.</summary>
public interface IApiList<T>
{
    /// <summary>The list's resourceVersion and continue token.</summary>
    ListMeta Metadata { get; set; }

    /// <summary>The entries; null is an empty list.</summary>
    List<T>? Items { get; set; }
}
