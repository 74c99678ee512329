using System.Globalization;
using Orchestrator.Resources.Validation;

namespace Orchestrator.Resources.Kinds.Tables;

/// <summary>The Targets column of autoscalers (upstream: formatHPAMetrics): <c>cpu: 42%/80%, 500m/1 + 1 more...</c>.</summary>
internal static class AutoscalerMetrics
{
    private const string Unknown = "<unknown>";
    private const int Shown = 2;

    public static string Text(Field autoscaler)
    {
        var specs = autoscaler["spec"]["metrics"].Items.ToList();
        if (specs.Count == 0) return "<none>";
        var statuses = autoscaler["status"]["currentMetrics"].Items.ToList();
        var texts = specs.Select((spec, i) => One(spec, i < statuses.Count ? statuses[i] : default)).ToList();
        var first = string.Join(", ", texts.Take(Shown));
        return texts.Count <= Shown ? first : string.Create(CultureInfo.InvariantCulture, $"{first} + {texts.Count - Shown} more...");
    }

    private static string One(Field spec, Field status)
    {
        var (source, named) = spec["type"].Text switch
        {
            "Resource" => ("resource", true),
            "ContainerResource" => ("containerResource", true),
            "Pods" => ("pods", false),
            "Object" => ("object", false),
            "External" => ("external", false),
            _ => ("", false),
        };
        if (source.Length == 0) return "<unknown type>";
        var target = spec[source]["target"];
        var current = status.Exists ? status[source]["current"] : default;
        var average = target["averageValue"].Exists;
        if (named)
        {
            var name = spec[source]["name"].Text + ": ";
            if (average) return $"{name}{Value(current, "averageValue")}/{target["averageValue"].Text}";
            return $"{name}{Percent(current, Unknown)}/{Percent(target, "<auto>")}";
        }
        if (source == "pods") return $"{Value(current, "averageValue")}/{target["averageValue"].Text}";
        return average ? $"{Value(current, "averageValue")}/{target["averageValue"].Text} (avg)" : $"{Value(current, "value")}/{target["value"].Text}";
    }

    private static string Value(Field current, string field) => current.Exists && current[field].Exists ? current[field].Text : Unknown;

    private static string Percent(Field holder, string otherwise) =>
        holder.Exists && holder["averageUtilization"].Exists ? string.Create(CultureInfo.InvariantCulture, $"{holder["averageUtilization"].Number}%") : otherwise;
}
