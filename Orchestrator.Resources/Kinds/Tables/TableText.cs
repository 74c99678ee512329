using Orchestrator.Resources.Selectors;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Tables;

/// <summary>Text forms that several tables share.</summary>
internal static class TableText
{
    /// <summary>A map of labels as <c>a=1,b=2</c>, sorted, or <c>&lt;none&gt;</c>.</summary>
    public static string Labels(Field labels) =>
        TableLayout.OrNone(string.Join(',', labels.Entries.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value.Text}")));

    /// <summary>A metav1.LabelSelector in its canonical form, or <c>&lt;none&gt;</c>, or <c>&lt;error&gt;</c> for one that cannot be compiled.</summary>
    public static string Selector(Field selector)
    {
        try
        {
            var text = LabelSelector.FromJson(selector.Node).ToString();
            return TableLayout.OrNone(text);
        }
        catch (FormatException)
        {
            return "<error>";
        }
    }

    /// <summary>At most <paramref name="max"/> entries, and how many more there are; <c>&lt;unset&gt;</c> for none.</summary>
    public static string Some(IReadOnlyList<string> entries, int max, string none = "<unset>") => entries.Count switch
    {
        0 => none,
        var count when count > max => $"{string.Join(',', entries.Take(max))} + {count - max} more...",
        _ => string.Join(',', entries),
    };

    /// <summary>Access modes in their short forms.</summary>
    public static string AccessModes(Field modes) => string.Join(',', modes.Items.Select(m => m.Text).Distinct(StringComparer.Ordinal).Select(m => m switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => m,
    }));

    /// <summary>A value that may be a number or a string, as text.</summary>
    public static string NumberOrText(Field value) => value.IsText ? value.Text : value.Node?.ToJsonString() ?? "";

    /// <summary>An optional string with its stand-in.</summary>
    public static string Or(Field value, string otherwise) => value.Text.Length == 0 ? otherwise : value.Text;
}
