using System.Text;

namespace Orchestrator.Api.Proxying;

/// <summary>
/// Makes a proxied page's links stay behind the proxy: absolute paths get <paramref name="prefix"/> (<c>/api/v1/…/proxy</c>) in front. Links to other
/// hosts and relative ones stay; <paramref name="host"/> is what the client called this server. The rest of the page keeps every byte.
/// </summary>
internal sealed class LinkRewriter(string prefix, string host)
{
    // Which attributes of which elements hold a link: apimachinery's util/proxy/transport.go.
    private static readonly Dictionary<string, string[]> Links = new(StringComparer.OrdinalIgnoreCase)
    {
        ["a"] = ["href"],
        ["applet"] = ["codebase"],
        ["area"] = ["href"],
        ["audio"] = ["src"],
        ["base"] = ["href"],
        ["blockquote"] = ["cite"],
        ["body"] = ["background"],
        ["button"] = ["formaction"],
        ["command"] = ["icon"],
        ["del"] = ["cite"],
        ["embed"] = ["src"],
        ["form"] = ["action"],
        ["frame"] = ["longdesc", "src"],
        ["head"] = ["profile"],
        ["html"] = ["manifest"],
        ["iframe"] = ["longdesc", "src"],
        ["img"] = ["longdesc", "src", "usemap"],
        ["input"] = ["src", "usemap", "formaction"],
        ["ins"] = ["cite"],
        ["link"] = ["href"],
        ["object"] = ["classid", "codebase", "data", "usemap"],
        ["q"] = ["cite"],
        ["script"] = ["src"],
        ["source"] = ["src"],
        ["video"] = ["poster", "src"],
    };

    /// <summary>One link.</summary>
    public string Url(string target)
    {
        var path = target;
        var kept = "";
        var authority = target.StartsWith("//", StringComparison.Ordinal) ? 2 : target.IndexOf("://", StringComparison.Ordinal) is > 0 and var at ? at + 3 : -1;
        if (authority >= 0)
        {
            var end = target.IndexOf('/', authority);
            if (end < 0 || target[authority..end] != host) return target;
            (kept, path) = (target[..end], target[end..]);
        }
        if (!path.StartsWith('/') || path.StartsWith(prefix, StringComparison.Ordinal)) return target;
        return kept + prefix + path;
    }

    /// <summary>A page of HTML in an encoding that extends ASCII.</summary>
    public byte[] Page(ReadOnlySpan<byte> html)
    {
        var text = Encoding.Latin1.GetString(html);
        var result = new StringBuilder(text.Length + 256);
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf('<', at);
            if (open < 0 || open + 1 == text.Length)
            {
                result.Append(text, at, text.Length - at);
                break;
            }
            result.Append(text, at, open - at);
            if (string.CompareOrdinal(text, open, "<!--", 0, 4) == 0) at = Copy(text, result, open, text.IndexOf("-->", open, StringComparison.Ordinal), 3);
            else if (char.IsAsciiLetter(text[open + 1])) at = Tag(text, open, result);
            else at = Copy(text, result, open, open, 1);
        }
        return Encoding.Latin1.GetBytes(result.ToString());
    }

    private static int Copy(string text, StringBuilder result, int from, int found, int length)
    {
        var end = found < 0 ? text.Length : found + length;
        result.Append(text, from, end - from);
        return end;
    }

    // Copies a start tag with its links changed, and the raw text of scripts and styles after it; returns where it ends.
    private int Tag(string text, int open, StringBuilder result)
    {
        var at = open + 1;
        while (at < text.Length && !IsSpace(text[at]) && text[at] is not ('>' or '/')) at++;
        var name = text[(open + 1)..at];
        var links = Links.GetValueOrDefault(name) ?? [];
        var copied = open;
        while (at < text.Length && text[at] != '>')
        {
            if (IsSpace(text[at]) || text[at] == '/')
            {
                at++;
                continue;
            }
            var attribute = at;
            while (at < text.Length && !IsSpace(text[at]) && text[at] is not ('=' or '>' or '/')) at++;
            var key = text[attribute..at];
            var value = at;
            while (value < text.Length && IsSpace(text[value])) value++;
            if (value >= text.Length || text[value] != '=')
            {
                // A stray '=' where a name should stand must not hold the loop.
                at = Math.Max(at, attribute + 1);
                continue;
            }
            value++;
            while (value < text.Length && IsSpace(text[value])) value++;
            var quote = value < text.Length && text[value] is '"' or '\'' ? text[value++] : '\0';
            at = value;
            while (at < text.Length && (quote == '\0' ? !IsSpace(text[at]) && text[at] != '>' : text[at] != quote)) at++;
            if (links.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                result.Append(text, copied, value - copied).Append(Url(text[value..at]));
                copied = at;
            }
            if (quote != '\0' && at < text.Length) at++;
        }
        if (name.ToLowerInvariant() is "script" or "style" && text.IndexOf($"</{name}", at, StringComparison.OrdinalIgnoreCase) is >= 0 and var close) at = close;
        else if (at < text.Length) at++;
        result.Append(text, copied, at - copied);
        return at;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n' or '\f';
}
