using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Orchestrator.Actors.Scheduling;
using Orchestrator.Engine.Configuration;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Api.Commands;

/// <summary>Reads <c>orchestrator.scheduler.profiles</c>: what KubeSchedulerConfiguration calls profiles, with its names and limits.</summary>
internal static class SchedulerConfiguration
{
    private const string Profiles = "orchestrator:scheduler:profiles";
    private const string NodeSelector = "a selector of nodes such as \"disk=ssd,zone in (a,b)\"";
    private const string Plugin = "the name of a plugin such as PodTopologySpread";

    private static readonly string[] Keys = ["weights", "disabled", "strategy", "resources", "shape", "hard-pod-affinity-weight", "percentage-of-nodes-to-score", "default-constraints", "added-affinity", "added-preferences"];
    private static readonly IReadOnlyList<(string Name, long Weight)> CpuAndMemory = [("cpu", 1), ("memory", 1)];

    /// <summary>The profiles; <c>default-scheduler</c> is among them in any case. Throws <see cref="HoconException"/> for what a profile cannot have.</summary>
    public static IReadOnlyList<SchedulerProfile> From(IConfiguration values)
    {
        var profiles = values.GetSection(Profiles).GetChildren().Select(block => Read(values, block)).ToList();
        if (profiles.Count == 0) return SchedulerProfile.OnlyDefault;
        if (!profiles.Exists(p => p.Name == ClusterScheduler.Name)) profiles.Insert(0, new SchedulerProfile());
        return profiles;
    }

    private static SchedulerProfile Read(IConfiguration values, IConfigurationSection block)
    {
        var path = block.Path;
        foreach (var key in block.GetChildren())
            if (!Keys.Contains(key.Key, StringComparer.Ordinal)) Refuse(values, key, $"left out: a profile has the keys {string.Join(", ", Keys)}");
        return new SchedulerProfile
        {
            Name = block.Key,
            Weights = values.GetMap($"{path}:weights").ToDictionary(w => PluginName(values, $"{path}:weights:{w.Key}", w.Key), w => values.Get<long>($"{path}:weights:{w.Key}", "a weight from 0 to 100", Whole(0, 100)), StringComparer.Ordinal),
            Disabled = values.GetAll<string>($"{path}:disabled", Plugin, IsPlugin).ToHashSet(StringComparer.Ordinal),
            Strategy = Strategy(values, path),
            HardPodAffinityWeight = Optional(values, $"{path}:hard-pod-affinity-weight", 1, 0, 100),
            PercentageOfNodesToScore = Optional(values, $"{path}:percentage-of-nodes-to-score", 0, 0, 100),
            AddedAffinity = new AddedAffinity(
                [.. values.GetAll<NodeTerm>($"{path}:added-affinity", NodeSelector, TryParseTerm)],
                [.. values.GetAll<(long, NodeTerm)>($"{path}:added-preferences", "a weight from 1 to 100 and " + NodeSelector, TryParsePreference)]),
            SpreadDefaults = block.GetSection("default-constraints").Exists()
                ? SpreadDefaults.Of(values.GetAll<(string, int, bool)>($"{path}:default-constraints", "a constraint such as \"topology.kubernetes.io/zone 1 ScheduleAnyway\"", TryParseConstraint))
                : SpreadDefaults.System,
        };
    }

    private static FitStrategy Strategy(IConfiguration values, string path)
    {
        var resources = values.GetMap($"{path}:resources").Select(r => (r.Key, values.Get<long>($"{path}:resources:{r.Key}", "a weight from 1 to 100", Whole(1, 100)))).ToList();
        var counted = resources.Count == 0 ? CpuAndMemory : resources;
        var name = values[$"{path}:strategy"] is null
            ? "LeastAllocated"
            : values.Get<string>($"{path}:strategy", "LeastAllocated, MostAllocated or RequestedToCapacityRatio", (string text, [MaybeNullWhen(false)] out string value) =>
                (value = text) is "LeastAllocated" or "MostAllocated" or "RequestedToCapacityRatio");
        switch (name)
        {
            case "MostAllocated":
                return FitStrategy.Pack(counted);
            case "RequestedToCapacityRatio":
                var shape = values.GetAll<(long Utilization, long Score)>($"{path}:shape", "points by rising utilization such as \"0:0\" and \"100:10\"", TryParsePoint);
                var rises = shape.Count > 0 && shape.Zip(shape.Skip(1)).All(p => p.First.Utilization < p.Second.Utilization);
                if (!rises) Refuse(values, values.GetSection($"{path}:{(shape.Count > 0 ? "shape" : "strategy")}"), "with a shape: points by rising utilization such as \"0:0\" and \"100:10\"");
                return FitStrategy.Shaped(counted, shape);
            default:
                return resources.Count == 0 ? FitStrategy.Default : FitStrategy.Spread(counted);
        }
    }

    /// <summary>Throws at the first value in a section: a block has no line of its own.</summary>
    private static void Refuse(IConfiguration values, IConfigurationSection section, string expected)
    {
        while (section.Value is null && section.GetChildren().FirstOrDefault() is { } first) section = first;
        values.Get<string>(section.Path, expected, Never);
    }

    private static string PluginName(IConfiguration values, string path, string name) =>
        SchedulerProfile.PluginNames.Contains(name, StringComparer.Ordinal) ? name : values.Get<string>(path, $"under {Plugin}", Never);

    private static int Optional(IConfiguration values, string path, int fallback, int least, int most) =>
        values[path] is null ? fallback : (int)values.Get<long>(path, $"a number from {least} to {most}", Whole(least, most));

    private static ConfigurationReading.Parser<long> Whole(long least, long most) =>
        (string text, out long value) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;

    private static bool IsPlugin(string text, [MaybeNullWhen(false)] out string value) => SchedulerProfile.PluginNames.Contains(value = text, StringComparer.Ordinal);

    private static bool Never<T>(string text, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        return false;
    }

    private static bool TryParsePoint(string text, out (long Utilization, long Score) value)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        value = default;
        if (colon < 0 || !Whole(0, 100)(text[..colon], out var utilization) || !Whole(0, FitStrategy.HighestOfShape)(text[(colon + 1)..], out var score)) return false;
        value = (utilization, score);
        return true;
    }

    private static bool TryParseTerm(string text, [MaybeNullWhen(false)] out NodeTerm value)
    {
        try
        {
            value = NodeTerm.Parse(text);
            return text.Trim().Length > 0;
        }
        catch (FormatException)
        {
            value = null;
            return false;
        }
    }

    private static bool TryParsePreference(string text, out (long Weight, NodeTerm Term) value)
    {
        value = default;
        var words = text.Split(' ', 2, StringSplitOptions.TrimEntries);
        if (words.Length < 2 || !Whole(1, 100)(words[0], out var weight) || !TryParseTerm(words[1], out var term)) return false;
        value = (weight, term);
        return true;
    }

    private static bool TryParseConstraint(string text, out (string Key, int MaxSkew, bool Hard) value)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        value = default;
        if (words is not [var key, var skew, "DoNotSchedule" or "ScheduleAnyway"] || NameFormats.QualifiedName(key).Count > 0 || !Whole(1, int.MaxValue)(skew, out var most)) return false;
        value = (key, (int)most, words[2] == "DoNotSchedule");
        return true;
    }
}
