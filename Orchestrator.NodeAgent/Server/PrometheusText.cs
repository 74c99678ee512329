using System.Globalization;
using System.Text;

namespace Orchestrator.NodeAgent.Server;

/// <summary>A value of a metric. <paramref name="Labels"/> as they stand between the braces; <paramref name="At"/> where the value was true at another moment than that of the answer.</summary>
internal readonly record struct MetricValue(double Value, string Labels = "", DateTimeOffset? At = null);

/// <summary>Prometheus' text form, metric by metric.</summary>
internal sealed class PrometheusText
{
    private readonly StringBuilder _text = new();

    /// <summary>One metric with all its values; none where nothing is known.</summary>
    public void Add(string name, string type, string help, IEnumerable<MetricValue> values)
    {
        var begun = false;
        foreach (var value in values)
        {
            if (!begun) _text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
            begun = true;
            _text.Append(name);
            if (value.Labels.Length > 0) _text.Append('{').Append(value.Labels).Append('}');
            _text.Append(CultureInfo.InvariantCulture, $" {value.Value:R}");
            if (value.At is { } at) _text.Append(CultureInfo.InvariantCulture, $" {at.ToUnixTimeMilliseconds()}");
            _text.Append('\n');
        }
    }

    /// <summary>Everything so far.</summary>
    public override string ToString() => _text.ToString();
}
