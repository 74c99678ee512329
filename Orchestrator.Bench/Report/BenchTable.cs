using System.Globalization;

namespace Orchestrator.Bench.Report;

/// <summary>Prints rows as a Markdown table, each as soon as it is measured.</summary>
public sealed class BenchTable(TextWriter output)
{
    private readonly List<BenchRow> _rows = [];

    /// <summary>Rows whose budget is not met.</summary>
    public IEnumerable<BenchRow> Missed => _rows.Where(r => r.Met == false);

    /// <summary>Prints the head.</summary>
    public void Begin()
    {
        output.WriteLine($"| {"what",-44} | {"measured",16} | {"floor",16} | {"ratio",6} | {"budget",10} | {"met",3} | floor is |");
        output.WriteLine($"| {new string('-', 44)} | {new string('-', 15)}: | {new string('-', 15)}: | {new string('-', 5)}: | {new string('-', 10)} | --- | --- |");
    }

    /// <summary>Adds and prints a row.</summary>
    public void Add(BenchRow row)
    {
        _rows.Add(row);
        var ratio = row.Ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";
        var met = row.Met switch { true => "yes", false => "NO", null => "" };
        output.WriteLine($"| {row.Name,-44} | {Figure(row.Value, row.Unit),16} | {(row.Floor is { } floor ? Figure(floor, row.Unit) : ""),16} | {ratio,6} | {row.Budget?.Text ?? "",-10} | {met,3} | {row.FloorIs} |");
        output.Flush();
    }

    private static string Figure(double value, string unit) =>
        (value >= 1000 ? value.ToString("N0", CultureInfo.InvariantCulture) : value.ToString("0.###", CultureInfo.InvariantCulture)) + " " + unit;
}
