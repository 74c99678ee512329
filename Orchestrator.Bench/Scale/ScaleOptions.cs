using System.Globalization;

namespace Orchestrator.Bench.Scale;

/// <summary>What the command line of <c>bench scale</c> says.</summary>
internal sealed record ScaleOptions
{
    /// <summary>Simulated nodes.</summary>
    public int Nodes { get; init; } = 5000;

    /// <summary>Pods of the fill.</summary>
    public int Pods { get; init; } = 50_000;

    /// <summary>Deployments they come from.</summary>
    public int Deployments { get; init; } = 100;

    /// <summary>Pods created one by one, at <see cref="Rate"/>, after the fill; 0 for none.</summary>
    public int Paced { get; init; } = 5000;

    /// <summary>Paced pods per second.</summary>
    public int Rate { get; init; } = 500;

    /// <summary>More than one: the members of a cluster on PostgreSQL that is measured beside a single process, instead of the whole profile.</summary>
    public int Members { get; init; } = 1;

    /// <summary>Whether processor time is added up by hop.</summary>
    public bool Profile { get; init; } = true;

    /// <summary>Throws <see cref="ArgumentException"/> for what is not an option.</summary>
    public static ScaleOptions Parse(ReadOnlySpan<string> args)
    {
        var options = new ScaleOptions();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--no-profile")
            {
                options = options with { Profile = false };
                continue;
            }
            if (i + 1 == args.Length || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value)) throw new ArgumentException($"{args[i]} needs a number");
            options = args[i++] switch
            {
                "--nodes" => options with { Nodes = value },
                "--pods" => options with { Pods = value },
                "--deployments" => options with { Deployments = value },
                "--paced" => options with { Paced = value },
                "--members" => options with { Members = value },
                "--rate" => options with { Rate = value },
                var other => throw new ArgumentException($"{other} is no option of 'bench scale'"),
            };
        }
        return options;
    }
}
