using System.Text;

namespace Orchestrator.NodeAgent.Pods;

/// <summary>
/// <c>$(NAME)</c> in commands, arguments and values, as Kubernetes expands it: <c>$$</c> is a dollar sign, an unknown name stays as it is written, and
/// so does an unclosed parenthesis.
/// </summary>
public static class VariableExpansion
{
    /// <summary>Expands; <paramref name="lookup"/> gives null for an unknown name.</summary>
    public static string Expand(string text, Func<string, string?> lookup)
    {
        if (!text.Contains('$', StringComparison.Ordinal)) return text;
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }
            i++;
            if (text[i] == '$')
            {
                result.Append('$');
            }
            else if (text[i] != '(')
            {
                result.Append('$').Append(text[i]);
            }
            else
            {
                var close = text.IndexOf(')', i + 1);
                if (close < 0)
                {
                    result.Append("$(");
                    continue;
                }
                var name = text[(i + 1)..close];
                result.Append(lookup(name) ?? $"$({name})");
                i = close;
            }
        }
        return result.ToString();
    }
}
