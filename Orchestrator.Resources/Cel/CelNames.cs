using System.Text;

namespace Orchestrator.Resources.Cel;

/// <summary>How property names that are no identifiers are written in expressions (k8s.io/apiserver cel Escape): <c>__dash__</c>, <c>__namespace__</c>.</summary>
public static class CelNames
{
    private static readonly (string Escaped, string Plain)[] Parts = [("__underscores__", "__"), ("__dot__", "."), ("__dash__", "-"), ("__slash__", "/")];

    private static readonly HashSet<string> Keywords =
    [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
    ];

    /// <summary>The property that a name in an expression means.</summary>
    public static string Unescape(string name)
    {
        if (!name.Contains("__", StringComparison.Ordinal)) return name;
        if (name.Length > 4 && name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) && Keywords.Contains(name[2..^2])) return name[2..^2];
        var result = new StringBuilder();
        for (var at = 0; at < name.Length;)
        {
            var part = Parts.FirstOrDefault(p => string.CompareOrdinal(name, at, p.Escaped, 0, p.Escaped.Length) == 0);
            if (part.Escaped is null) result.Append(name[at++]);
            else
            {
                result.Append(part.Plain);
                at += part.Escaped.Length;
            }
        }
        return result.ToString();
    }
}
