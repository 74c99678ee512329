using System.Globalization;

namespace Orchestrator.Resources.Json;

/// <summary>
/// Kubernetes' <c>intstr.IntOrString</c>: a 32-bit number or a text such as a port's name or a percentage. The default value is the number 0.
/// </summary>
public readonly record struct IntOrString
{
    /// <summary>A number.</summary>
    public IntOrString(int number) => Number = number;

    /// <summary>A text.</summary>
    public IntOrString(string text) => Text = text;

    /// <summary>The text, or null when it is a number.</summary>
    public string? Text { get; }

    /// <summary>The number; 0 when it is a text.</summary>
    public int Number { get; }

    /// <summary>True for the text form, even when the text looks like a number.</summary>
    public bool IsString => Text is not null;

    /// <summary>The number, or the text parsed as one (Go's <c>IntValue</c>): 0 when it is none.</summary>
    public int IntValue => Text is null ? Number : int.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : 0;

    /// <summary>
    /// The number, or the percentage of <paramref name="total"/> (Go's <c>GetScaledValueFromIntOrPercent</c>). Throws <see cref="FormatException"/>
    /// for a text that is no percentage.
    /// </summary>
    public int Scaled(int total, bool roundUp)
    {
        if (Text is null) return Number;
        if (!Text.EndsWith('%') || !int.TryParse(Text.AsSpan(0, Text.Length - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var percent))
            throw new FormatException("invalid value for IntOrString: invalid type: string is not a percentage");
        var exact = (long)percent * total;
        return (int)(roundUp ? (long)Math.Ceiling(exact / 100.0) : (long)Math.Floor(exact / 100.0));
    }

    /// <summary>The number or the text.</summary>
    public override string ToString() => Text ?? Number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A number.</summary>
    public static implicit operator IntOrString(int number) => new(number);

    /// <summary>A text.</summary>
    public static implicit operator IntOrString(string text) => new(text);
}
