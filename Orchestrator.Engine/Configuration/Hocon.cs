namespace Orchestrator.Engine.Configuration;

/// <summary>Reads HOCON texts into values.</summary>
public static class Hocon
{
    /// <summary>
    /// Reads texts of which each overrides the ones before it: blocks merge, everything else is replaced, and a substitution sees the outcome of all.
    /// Throws <see cref="HoconException"/>.
    /// </summary>
    /// <param name="texts">The name and the content of each; a name is what errors show and what includes are relative to.</param>
    /// <param name="environment">Value of an environment variable for <c>${NAME}</c>, or null; the process's own by default.</param>
    /// <param name="files">Where included files come from; the file system by default.</param>
    public static HoconObject Read(
        IEnumerable<(string Name, string Text)> texts, Func<string, string?>? environment = null, IHoconFiles? files = null)
    {
        var root = new ObjectExpression(new HoconOrigin("", 0));
        foreach (var (name, text) in texts) root.Add(HoconParser.Parse(text, name, files ?? new DiskHoconFiles()));
        return new HoconResolver(root, environment ?? Environment.GetEnvironmentVariable).Resolve();
    }

    /// <summary>Reads one text.</summary>
    public static HoconObject Read(string name, string text, Func<string, string?>? environment = null, IHoconFiles? files = null) =>
        Read([(name, text)], environment, files);
}
