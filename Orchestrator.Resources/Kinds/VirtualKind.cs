namespace Orchestrator.Resources.Kinds;

/// <summary>
/// A kind that is answered but never stored: a review, or the body of a subresource. Described as data for discovery and decoding;
/// the gateway answers it.
/// </summary>
/// <param name="Group">Group of the body's apiVersion, empty for core.</param>
/// <param name="Version">Version of the body's apiVersion.</param>
/// <param name="Kind">The body's kind.</param>
/// <param name="Plural">Resource that is posted to (<c>tokenreviews</c>), or empty where the kind only is a subresource's body.</param>
/// <param name="Namespaced">Whether the resource lies in a namespace.</param>
/// <param name="SchemaName">Name of the type in the schema.</param>
/// <param name="Verbs">Verbs discovery lists.</param>
public sealed record VirtualKind(string Group, string Version, string Kind, string Plural, bool Namespaced, string SchemaName, IReadOnlyList<string> Verbs)
{
    /// <summary>Short names as discovery lists them.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary><c>v1</c> or <c>policy/v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Singular name as discovery lists it.</summary>
    public string Singular => Kind.ToLowerInvariant();
}
