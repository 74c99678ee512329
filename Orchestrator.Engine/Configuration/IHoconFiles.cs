namespace Orchestrator.Engine.Configuration;

/// <summary>Where included files come from.</summary>
public interface IHoconFiles
{
    /// <summary>The full name of the file that <paramref name="name"/> means inside the file <paramref name="includedBy"/>.</summary>
    string Find(string name, string includedBy);

    /// <summary>The file's text, or null where it cannot be read.</summary>
    string? Read(string file);
}

/// <summary>Files of the file system, relative to the file that includes them.</summary>
public sealed class DiskHoconFiles : IHoconFiles
{
    /// <inheritdoc/>
    public string Find(string name, string includedBy) => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(includedBy)) ?? "/", name));

    /// <inheritdoc/>
    public string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
