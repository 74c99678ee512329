using System.Text.RegularExpressions;

namespace Orchestrator.SchemaTool.Go;

/// <summary>
/// Reads the declarations of a gofmt-formatted Go file: structs with tags and markers, named types, string constants, imports.
/// It understands what API type files use (one declaration per line), not Go at large; anything it cannot place inside a struct is an error.
/// </summary>
public static partial class GoFileParser
{
    [GeneratedRegex(@"^type (\w+) struct ?\{(\})?")] private static partial Regex StructStart { get; }
    [GeneratedRegex(@"^type (\w+) (?:= )?([\w\.\[\]\*]+)$")] private static partial Regex NamedType { get; }
    [GeneratedRegex(@"^\s+(?:(\w+)\s+)?((?:[\w\.\[\]\*]|interface\{\})+)\s+`([^`]*)`")] private static partial Regex FieldLine { get; }
    [GeneratedRegex(@"^\s*(?:const\s+)?(\w+)(?:\s+([\w\.]+))?\s*=\s*(?:\w+\()?""([^""]*)""\)?")] private static partial Regex ConstantLine { get; }
    [GeneratedRegex(@"^\s+(?:(\w+)\s+)?""([^""]+)""$")] private static partial Regex ImportLine { get; }
    [GeneratedRegex(@"(\w+):""([^""]*)""")] private static partial Regex Tag { get; }

    [GeneratedRegex(@"^\s*/\*.*?\*/", RegexOptions.Singleline | RegexOptions.Multiline)] private static partial Regex BlockComment { get; }

    private enum Section { Top, Import, Const, Struct }

    /// <summary>Adds the declarations of one file to its package. Throws <see cref="FormatException"/> on a struct line it does not understand.</summary>
    public static void Parse(string text, GoPackage package)
    {
        var section = Section.Top;
        var comments = new List<string>();
        List<GoField> fields = [];
        var structName = "";
        IReadOnlyList<string> structComments = [];
        foreach (var line in BlockComment.Replace(text, "").Split('\n'))
        {
            var trimmed = line.Trim();
            if (trimmed.StartsWith("//", StringComparison.Ordinal)) { comments.Add(trimmed[2..].Trim()); continue; }
            if (trimmed.Length == 0) { comments.Clear(); continue; }
            switch (section)
            {
                case Section.Import when trimmed == ")":
                case Section.Const when trimmed == ")":
                    section = Section.Top;
                    break;
                case Section.Struct when line[0] == '}':
                    package.Structs.Add(new GoStruct(structName, fields, Markers(structComments), IsDeprecated(structComments)));
                    section = Section.Top;
                    break;
                case Section.Import:
                    AddImport(line, package);
                    break;
                case Section.Const:
                    AddConstant(line, package);
                    break;
                case Section.Struct:
                    if (Field(line, comments) is { } field) fields.Add(field);
                    break;
                default:
                    if (trimmed == "import (") section = Section.Import;
                    else if (trimmed.StartsWith("import ", StringComparison.Ordinal)) AddImport(trimmed["import".Length..], package);
                    else if (trimmed == "const (") section = Section.Const;
                    else if (trimmed.StartsWith("const ", StringComparison.Ordinal)) AddConstant(line, package);
                    else if (StructStart.Match(line) is { Success: true } start)
                    {
                        (structName, structComments, fields) = (start.Groups[1].Value, [.. comments], []);
                        if (start.Groups[2].Success) package.Structs.Add(new GoStruct(structName, fields, Markers(comments), IsDeprecated(comments)));
                        else section = Section.Struct;
                    }
                    else if (NamedType.Match(line) is { Success: true } named)
                        package.Named[named.Groups[1].Value] = new GoNamed(named.Groups[1].Value, named.Groups[2].Value, Markers(comments));
                    break;
            }
            comments.Clear();
        }
    }

    private static void AddImport(string line, GoPackage package)
    {
        if (ImportLine.Match(line) is { Success: true } import)
            package.Imports[import.Groups[1].Success ? import.Groups[1].Value : import.Groups[2].Value.Split('/')[^1]] = import.Groups[2].Value;
    }

    private static void AddConstant(string line, GoPackage package)
    {
        if (ConstantLine.Match(line) is not { Success: true } match) return;
        package.ConstantValues[match.Groups[1].Value] = match.Groups[3].Value;
        if (!match.Groups[2].Success) return;
        if (!package.Constants.TryGetValue(match.Groups[2].Value, out var values)) package.Constants[match.Groups[2].Value] = values = [];
        if (!values.Contains(match.Groups[3].Value, StringComparer.Ordinal)) values.Add(match.Groups[3].Value);
    }

    private static GoField? Field(string line, IReadOnlyList<string> comments)
    {
        var match = FieldLine.Match(line);
        if (!match.Success) throw new FormatException($"not a field: {line}");
        var tags = Tag.Matches(match.Groups[3].Value).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value, StringComparer.Ordinal);
        var json = tags.GetValueOrDefault("json", "").Split(',');
        if (json[0] == "-") return null;
        var embedded = !match.Groups[1].Success;
        var type = match.Groups[2].Value;
        return new GoField(embedded ? type.TrimStart('*').Split('.')[^1] : match.Groups[1].Value, embedded, type, json[0], json.Contains("omitempty"),
            embedded && json[0].Length == 0, tags.GetValueOrDefault("protobuf", ""), tags.GetValueOrDefault("patchStrategy", ""),
            tags.GetValueOrDefault("patchMergeKey", ""), Markers(comments), IsDeprecated(comments));
    }

    private static List<string> Markers(IEnumerable<string> comments) => [.. comments.Where(c => c.StartsWith('+')).Select(c => c[1..].Trim())];

    private static bool IsDeprecated(IEnumerable<string> comments) => comments.Any(c => c.StartsWith("Deprecated", StringComparison.Ordinal) || c.Contains("DEPRECATED", StringComparison.Ordinal));
}
