using System.Text;
using static Orchestrator.Resources.Cel.CelType;

namespace Orchestrator.Resources.Cel;

/// <summary>Strings: the standard methods, the extension library (version 2), and Kubernetes' <c>find</c> and <c>findAll</c>. Positions count code points.</summary>
internal static class CelStringLibrary
{
    internal static void AddTo(CelFunctions all)
    {
        var text = CelType.String;
        all.Add(".startsWith", [text, text], Bool, a => S(a[0]).StartsWith(S(a[1]), StringComparison.Ordinal));
        all.Add(".endsWith", [text, text], Bool, a => S(a[0]).EndsWith(S(a[1]), StringComparison.Ordinal));
        all.Add(".contains", [text, text], Bool, a => S(a[0]).Contains(S(a[1]), StringComparison.Ordinal));
        all.Add(".matches", [text, text], Bool, a => CelRegexes.Of(S(a[1])).IsMatch(S(a[0])));
        all.Add("matches", [text, text], Bool, a => CelRegexes.Of(S(a[1])).IsMatch(S(a[0])));
        all.Add(".find", [text, text], text, a => CelRegexes.Of(S(a[1])).Match(S(a[0])).Value);
        all.Add(".findAll", [text, text], CelType.List(text), a => Found(a, -1));
        all.Add(".findAll", [text, text, Int], CelType.List(text), a => Found(a, (long)a[2]!));
        all.Add(".lowerAscii", [text], text, a => Ascii(S(a[0]), 'A', 'Z', 32));
        all.Add(".upperAscii", [text], text, a => Ascii(S(a[0]), 'a', 'z', -32));
        all.Add(".trim", [text], text, a => S(a[0]).Trim());
        all.Add(".reverse", [text], text, a => string.Concat(Points(S(a[0])).AsEnumerable().Reverse()));
        all.Add(".charAt", [text, Int], text, a => CharAt(Points(S(a[0])), (long)a[1]!));
        all.Add(".indexOf", [text, text], Int, a => IndexOf(S(a[0]), S(a[1]), 0));
        all.Add(".indexOf", [text, text, Int], Int, a => IndexOf(S(a[0]), S(a[1]), (long)a[2]!));
        all.Add(".lastIndexOf", [text, text], Int, a => LastIndexOf(S(a[0]), S(a[1]), null));
        all.Add(".lastIndexOf", [text, text, Int], Int, a => LastIndexOf(S(a[0]), S(a[1]), (long)a[2]!));
        all.Add(".replace", [text, text, text], text, a => Replace(S(a[0]), S(a[1]), S(a[2]), -1));
        all.Add(".replace", [text, text, text, Int], text, a => Replace(S(a[0]), S(a[1]), S(a[2]), (long)a[3]!));
        all.Add(".split", [text, text], CelType.List(text), a => Split(S(a[0]), S(a[1]), -1));
        all.Add(".split", [text, text, Int], CelType.List(text), a => Split(S(a[0]), S(a[1]), (long)a[2]!));
        all.Add(".substring", [text, Int], text, a => Substring(Points(S(a[0])), (long)a[1]!, null));
        all.Add(".substring", [text, Int, Int], text, a => Substring(Points(S(a[0])), (long)a[1]!, (long)a[2]!));
        all.Add(".join", [CelType.List(text)], text, a => string.Concat(Texts(a[0])));
        all.Add(".join", [CelType.List(text), text], text, a => string.Join(S(a[1]), Texts(a[0])));
        all.Add("strings.quote", [text], text, a => $"\"{S(a[0]).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)}\"");
        all.Add(".format", [text, CelType.List(Dyn)], text, a => CelStringFormat.Format(S(a[0]), ((CelList)a[1]!).Items));
    }

    private static string S(object? value) => (string)value!;

    private static IEnumerable<string> Texts(object? list) => ((CelList)list!).Items.Select(i => i as string ?? throw CelEvaluationException.NoOverload);

    private static List<string> Points(string text) => [.. text.EnumerateRunes().Select(r => r.ToString())];

    private static CelList Found(object?[] a, long most)
    {
        var matches = CelRegexes.Of(S(a[1])).Matches(S(a[0])).Select(m => (object?)m.Value);
        return new CelList([.. most < 0 ? matches : matches.Take((int)Math.Min(most, int.MaxValue))]);
    }

    private static string Ascii(string text, char from, char to, int shift) => string.Concat(text.Select(c => c >= from && c <= to ? (char)(c + shift) : c));

    private static string CharAt(List<string> points, long at) => at == points.Count ? "" : at >= 0 && at < points.Count ? points[(int)at] : throw Index(at);

    private static string Substring(List<string> points, long from, long? to)
    {
        if (from < 0 || from > points.Count) throw Index(from);
        if (to is { } end && (end < 0 || end > points.Count)) throw Index(end);
        if (to < from) throw new CelEvaluationException($"invalid substring range. start: {from}, end: {to}");
        return string.Concat(points.Skip((int)from).Take((int)((to ?? points.Count) - from)));
    }

    private static long IndexOf(string text, string part, long from)
    {
        var (points, wanted) = (Points(text), Points(part));
        if (from < 0 || from > points.Count) throw Index(from);
        for (var at = (int)from; at + wanted.Count <= points.Count; at++)
            if (Stands(points, wanted, at)) return at;
        return -1;
    }

    private static long LastIndexOf(string text, string part, long? from)
    {
        var (points, wanted) = (Points(text), Points(part));
        if (from is { } given && (given < 0 || given > points.Count)) throw Index(given);
        for (var at = (int)Math.Min(from ?? points.Count, points.Count - wanted.Count); at >= 0; at--)
            if (Stands(points, wanted, at)) return at;
        return -1;
    }

    private static bool Stands(List<string> points, List<string> wanted, int at)
    {
        for (var i = 0; i < wanted.Count; i++)
            if (points[at + i] != wanted[i]) return false;
        return true;
    }

    private static string Replace(string text, string old, string with, long most)
    {
        if (most < 0) return old.Length > 0 ? text.Replace(old, with, StringComparison.Ordinal) : string.Concat(Points(text).Select(p => with + p)) + with;
        var result = new StringBuilder();
        var at = 0;
        for (; most > 0; most--)
        {
            var next = text.IndexOf(old, at, StringComparison.Ordinal);
            if (next < 0 || old.Length == 0) break;
            result.Append(text, at, next - at).Append(with);
            at = next + old.Length;
        }
        return result.Append(text, at, text.Length - at).ToString();
    }

    private static CelList Split(string text, string by, long most)
    {
        if (most == 0) return new CelList([]);
        if (by.Length == 0)
        {
            var points = Points(text);
            if (most > 0 && most < points.Count) points = [.. points.Take((int)most - 1), string.Concat(points.Skip((int)most - 1))];
            return new CelList([.. points]);
        }
        return new CelList([.. most < 0 ? text.Split(by) : text.Split(by, (int)Math.Min(most, int.MaxValue))]);
    }

    private static CelEvaluationException Index(long at) => new($"index out of range: {at}");
}
