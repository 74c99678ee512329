namespace Orchestrator.Resources.Defaults;

/// <summary>What an image reference says about its tag.</summary>
internal static class ImageTag
{
    /// <summary>Whether the reference means <c>latest</c>: by that tag, or by having neither tag nor digest. Such images are pulled each time.</summary>
    public static bool IsLatest(string image)
    {
        if (image.Contains('@')) return false;
        // A colon before the last slash belongs to the registry's port.
        var name = image.AsSpan(image.LastIndexOf('/') + 1);
        var colon = name.IndexOf(':');
        return colon < 0 || name[(colon + 1)..] is "latest";
    }
}
