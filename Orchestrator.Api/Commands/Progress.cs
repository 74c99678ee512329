namespace Orchestrator.Api.Commands;

/// <summary>Tells the person at the terminal what is being done while it is done: plain lines on standard error, in colour only on a terminal.</summary>
public sealed class Progress(TextWriter output, bool colour)
{
    /// <summary>On standard error.</summary>
    public static Progress Terminal { get; } = new(Console.Error, !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null);

    /// <summary>A step begins.</summary>
    public void Step(string text) => output.WriteLine(colour ? $"\e[36m▸\e[0m {text}" : $"- {text}");

    /// <summary>Something is ready.</summary>
    public void Done(string text) => output.WriteLine(colour ? $"\e[32m✔\e[0m {text}" : $"- {text}");

    /// <summary>Text for the person, as it is.</summary>
    public void Say(string text) => output.WriteLine(text);

    /// <summary>A failure, in one sentence.</summary>
    public void Fail(string text) => output.WriteLine(colour ? $"\e[31m✘\e[0m orchestrator: {text}" : $"orchestrator: {text}");
}
