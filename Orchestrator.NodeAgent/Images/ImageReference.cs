using System.Text.RegularExpressions;

namespace Orchestrator.NodeAgent.Images;

/// <summary>
/// A container image's name, taken apart and normalised as Docker does: <c>busybox</c> is <c>docker.io/library/busybox:latest</c>. A reference with a
/// digest ignores its tag.
/// </summary>
/// <param name="Registry">Host and port, e.g. <c>docker.io</c>, <c>localhost:5000</c>.</param>
/// <param name="Path">Path in the registry, e.g. <c>library/busybox</c>.</param>
/// <param name="Tag">The tag, <c>latest</c> where neither tag nor digest is given; null with a digest alone.</param>
/// <param name="Digest">The digest, e.g. <c>sha256:…</c>, or null.</param>
public sealed partial record ImageReference(string Registry, string Path, string? Tag, string? Digest)
{
    private const string DefaultRegistry = "docker.io";
    private const int LongestName = 255;

    /// <summary>Registry and path.</summary>
    public string Repository => $"{Registry}/{Path}";

    /// <summary>The normalised reference in full.</summary>
    public override string ToString() => Repository + (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);

    /// <summary>Reads a reference as a pod has it. Throws <see cref="FormatException"/> with Docker's words for one that is not valid.</summary>
    public static ImageReference Parse(string image) =>
        TryParse(image, out var reference, out var error) ? reference! : throw new FormatException(error);

    /// <summary>As <see cref="Parse"/>; false and why where it is not valid.</summary>
    public static bool TryParse(string image, out ImageReference? reference, out string error)
    {
        reference = null;
        error = "";
        var match = Whole().Match(image);
        if (!match.Success)
        {
            error = Whole().IsMatch(image.ToLowerInvariant()) ? "repository name must be lowercase" : image.Length == 0 ? "repository name must have at least one component" : "invalid reference format";
            return false;
        }

        var name = match.Groups["name"].Value;
        var (registry, path) = Split(name);
        if (path.Length == 0 || PathPart().Match(path) is not { Success: true })
        {
            error = path.Any(char.IsUpper) ? "repository name must be lowercase" : "invalid reference format";
            return false;
        }

        if (name.Length > LongestName)
        {
            error = $"repository name must not be more than {LongestName} characters";
            return false;
        }

        var digest = match.Groups["digest"] is { Success: true } d ? d.Value : null;
        var tag = match.Groups["tag"] is { Success: true } t ? t.Value : digest is null ? "latest" : null;
        reference = new ImageReference(registry, path, tag, digest);
        return true;
    }

    // The first component is a registry where it looks like a host: it has a dot or a port, or is localhost.
    private static (string Registry, string Path) Split(string name)
    {
        var slash = name.IndexOf('/');
        var first = slash < 0 ? "" : name[..slash];
        var hasRegistry = first.Contains('.') || first.Contains(':') || first == "localhost" || first.Any(char.IsUpper);
        var registry = !hasRegistry ? DefaultRegistry : first == "index.docker.io" ? DefaultRegistry : first;
        var path = hasRegistry ? name[(slash + 1)..] : name;
        return (registry, registry == DefaultRegistry && path.Length > 0 && !path.Contains('/') ? "library/" + path : path);
    }

    [GeneratedRegex(@"\A(?<name>(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Whole();

    [GeneratedRegex(@"\A[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex PathPart();
}
