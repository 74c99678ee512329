using System.Globalization;
using System.Text.Json;
using Orchestrator.Actors.Scheduling;

namespace Orchestrator.Api.Commands;

/// <summary><c>orchestrator why pod/NAME</c>: why a pod is on its node, or on none.</summary>
public sealed class WhyCommand(TextWriter output)
{
    /// <summary>Asks the cluster of a directory, or of a kubeconfig where one is given, and prints.</summary>
    public async Task RunAsync(ClusterDirectory directory, string? kubeconfig, string pod, string ns, CancellationToken cancel)
    {
        var name = pod.Split('/') switch
        {
            ["pod" or "pods" or "po", var only] => only,
            [var only] => only,
            _ => throw new CommandFailure($"'{pod}' is not pod/NAME."),
        };
        using var api = kubeconfig is null ? ClusterApi.Of(directory) : ClusterApi.Of(Path.GetFullPath(kubeconfig));
        var answer = await api.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{Uri.EscapeDataString(ns)}/pods/{Uri.EscapeDataString(name)}/why", null, cancel);
        foreach (var line in Lines($"{ns}/{name}", answer.Deserialize<PlacementReport>(JsonSerializerOptions.Web)!)) await output.WriteLineAsync(line);
    }

    /// <summary>The report as people read it.</summary>
    internal static IEnumerable<string> Lines(string pod, PlacementReport report)
    {
        var good = report.Nodes.Where(n => n.Refusals.Count == 0).ToList();
        var refusing = report.Nodes.Where(n => n.Refusals.Count > 0).ToList();
        if (report.Node.Length > 0) yield return $"{pod} is on {report.Node}. Without it, the cluster would now choose so among {report.Nodes.Count} nodes:";
        else if (report.Everywhere.Length > 0) yield return $"{pod} has no node: {report.Everywhere}";
        else if (report.Nodes.Count == 0) yield return $"{pod} has no node: there are no nodes.";
        else if (good.Count == 0) yield return $"{pod} has no node: none of {report.Nodes.Count} takes it.";
        else yield return $"{pod} has no node yet: {good.Count} of {report.Nodes.Count} would take it.";
        if (report.Node.Length == 0 && report.Waits.Length > 0) yield return $"{char.ToUpperInvariant(report.Waits[0])}{report.Waits[1..]}.";

        if (good.Count > 0)
        {
            var plugins = good[0].Scores.Select(s => $"{s.Plugin}×{s.Weight}").ToList();
            yield return "";
            yield return Row(["NODE", "SUM", .. plugins], good);
            foreach (var node in good) yield return Row([node.Node + (node.Node == report.Node ? " *" : ""), Text(node.Total), .. node.Scores.Select(s => Text(s.Score))], good);
        }
        foreach (var node in refusing)
        {
            yield return "";
            yield return $"{node.Node}{(node.Node == report.Node ? " *" : "")} says no:";
            foreach (var refusal in node.Refusals)
            {
                yield return $"  {refusal.Plugin}: {refusal.Reason}";
                if (refusal.Remedy.Length > 0) yield return $"    → {refusal.Remedy}";
            }
        }
    }

    private static string Row(IReadOnlyList<string> cells, List<NodeVerdict> nodes)
    {
        var widths = new List<int> { Math.Max("NODE".Length, nodes.Max(n => n.Node.Length) + " *".Length) + 2, 6 };
        widths.AddRange(nodes[0].Scores.Select(s => $"{s.Plugin}×{s.Weight}".Length + 2));
        return string.Concat(cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd();
    }

    private static string Text(long n) => n.ToString(CultureInfo.InvariantCulture);
}
