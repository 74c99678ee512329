using Microsoft.Extensions.Configuration;

namespace Orchestrator.Engine.Configuration;

/// <summary>The configuration of a program: the built-in defaults with the user's files on top, checked against the known keys.</summary>
public static class HoconConfiguration
{
    private const string ReferenceName = "reference.hocon";

    /// <summary>The text of <c>hocon/reference.hocon</c> as it was built into the program.</summary>
    public static string Reference { get; } = ReadReference();

    /// <summary>
    /// The defaults, overridden by each of <paramref name="paths"/> in turn. Throws <see cref="HoconException"/> for what cannot be read, for an
    /// unknown key, and for a value that its key cannot have.
    /// </summary>
    public static IConfigurationRoot Load(params IReadOnlyList<string> paths) => Build(paths.Select(path => (path, ReadFile(path))));

    /// <summary>As <see cref="Load"/>, from texts; the names stand for files.</summary>
    public static IConfigurationRoot Build(
        IEnumerable<(string Name, string Text)> texts, Func<string, string?>? environment = null, IHoconFiles? files = null) =>
        new ConfigurationBuilder().Add(new HoconConfigurationSource([.. texts], environment, files)).Build();

    /// <summary>The values that <paramref name="texts"/> give together with the defaults.</summary>
    internal static HoconObject Values(IReadOnlyList<(string Name, string Text)> texts, Func<string, string?>? environment, IHoconFiles? files)
    {
        var schema = new ConfigurationSchema(Hocon.Read(ReferenceName, Reference, _ => null));
        var values = Hocon.Read([(ReferenceName, Reference), .. texts], environment, files);
        schema.Check(values);
        return values;
    }

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HoconException(new HoconOrigin(path, 1), $"cannot be read: {error.Message}");
        }
    }

    private static string ReadReference()
    {
        using var stream = typeof(HoconConfiguration).Assembly.GetManifestResourceStream(ReferenceName)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
