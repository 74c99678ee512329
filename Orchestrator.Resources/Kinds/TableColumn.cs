using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Resources.Kinds;

/// <summary>A column of a server-side Table (meta.k8s.io/v1 TableColumnDefinition).</summary>
public sealed record TableColumn(string Name, string Type, string Format, string Description, int Priority)
{
    /// <summary>The Age column every kind ends its default columns with.</summary>
    public static TableColumn AgeColumn { get; } = new("Age", "string", "", "Time since the object was created.", 0);

    /// <summary>The Name column that stands first.</summary>
    public static TableColumn NameColumn { get; } = new("Name", "string", "name", "The object's name, unique in its namespace and kind.", 0);

    /// <summary>The object's age as kubectl shows it, or <c>&lt;unknown&gt;</c>.</summary>
    public static string Age(JsonObject obj, DateTimeOffset now)
    {
        var created = (string?)obj["metadata"]?["creationTimestamp"];
        return created is null || !DateTimeOffset.TryParse(created, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? "<unknown>" : HumanDuration(now - at);
    }

    /// <summary>k8s.io/apimachinery/pkg/util/duration.HumanDuration: <c>45s</c>, <c>3m20s</c>, <c>5h10m</c>, <c>2d3h</c>, <c>40d</c>, <c>2y100d</c>.</summary>
    public static string HumanDuration(TimeSpan d)
    {
        var s = (long)d.TotalSeconds;
        if (s < -1) return "<invalid>";
        if (s < 0) return "0s";
        if (s < 120) return $"{s}s";
        var m = s / 60;
        if (m < 10) return s % 60 == 0 ? $"{m}m" : $"{m}m{s % 60}s";
        if (m < 180) return $"{m}m";
        var h = s / 3600;
        if (h < 8) return m % 60 == 0 ? $"{h}h" : $"{h}h{m % 60}m";
        if (h < 48) return $"{h}h";
        var days = h / 24;
        if (h < 192) return h % 24 == 0 ? $"{days}d" : $"{days}d{h % 24}h";
        if (h < 24 * 365 * 2) return $"{days}d";
        var years = h / 24 / 365;
        if (h < 24 * 365 * 8) return days % 365 == 0 ? $"{years}y" : $"{years}y{days % 365}d";
        return $"{years}y";
    }
}
