using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Conversion;

/// <summary>
/// Objects in the other versions of their kind, for rules that judge a change as those see it who speak another version (apimachinery's managedfields versionConverter). A rule that needs a
/// webhook's answer that is not there yet ends in a <see cref="ConversionElsewhereException"/>; who can ask does, and runs the rule again with the answer among <paramref name="Asked"/>.
/// </summary>
/// <param name="Catalog">The kinds that there are.</param>
/// <param name="Asked">What webhooks have answered; null where nobody can be asked.</param>
public readonly record struct KindVersions(KindCatalog Catalog, ConvertedObjects? Asked = null)
{
    /// <summary>
    /// The kind in a version that somebody names; null where a built-in kind has no such version (any more), or shows it in another group only. Throws
    /// <see cref="ConversionFailedException"/> for a custom kind, where upstream cannot tell that from other errors (kubernetes/kubernetes#111937).
    /// </summary>
    internal ResourceKind? Find(ResourceKind kind, string apiVersion)
    {
        if (apiVersion == kind.ApiVersion) return kind;
        if (Catalog.FindByApiVersion(apiVersion, kind.Kind) is { } other && other.GroupResource == kind.GroupResource) return other;
        if (!kind.IsCustom) return null;
        throw new ConversionFailedException(apiVersion.StartsWith($"{kind.Group}/", StringComparison.Ordinal)
            ? $"request to convert CR to an invalid group/version: {apiVersion}"
            : $"{kind.ApiVersion}, Kind={kind.Kind} is unstructured and is not suitable for converting to \"{apiVersion}\"");
    }

    /// <summary>
    /// An object in another version, without its list of managers; the object itself, which is not changed, where it is in that version already, or empty. Nothing is defaulted or pruned.
    /// Throws <see cref="ConversionFailedException"/> and <see cref="ConversionElsewhereException"/>.
    /// </summary>
    internal JsonObject Convert(JsonObject obj, ResourceKind from, ResourceKind to)
    {
        if (from.ApiVersion == to.ApiVersion || obj.Count == 0) return obj;
        var copy = obj.DeepClone().AsObject();
        (copy["metadata"] as JsonObject)?.Remove("managedFields");
        if (!to.IsCustom) return KindConversion.Convert(copy, from, to);
        if (to.Conversion!.Webhook is not null) return Asked is null ? throw new ConversionElsewhereException(copy, to) : Asked.Get(copy, to);
        copy["apiVersion"] = to.ApiVersion;
        var undeclared = to.Conversion.Undeclared(copy);
        return undeclared.Count switch
        {
            0 => copy,
            1 => throw new ConversionFailedException($"{undeclared[0]}: field not declared in schema"),
            _ => throw new ConversionFailedException($"errors:\n{string.Join('\n', undeclared.Select(path => $"  {path}: field not declared in schema"))}"),
        };
    }
}
