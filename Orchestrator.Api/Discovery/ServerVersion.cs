using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Orchestrator.Api.Discovery;

/// <summary>What <c>/version</c> tells: the Kubernetes version whose API is served, with our own build metadata.</summary>
public static class ServerVersion
{
    /// <summary>Semantic version that clients compare against.</summary>
    public const string GitVersion = "v1.32.0+orchestrator";

    /// <summary>
    /// The commit this was built from, as the SDK notes it behind the plus sign of the informational version; zeros where it was built outside a checkout
    /// (clients want hexadecimal digits).
    /// </summary>
    public static string GitCommit { get; } =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+') is [_, { Length: >= 7 } commit] ? commit : new string('0', 40);

    /// <summary>The version.Info object.</summary>
    public static JsonObject ToJson() => new()
    {
        ["major"] = "1",
        ["minor"] = "32",
        ["gitVersion"] = GitVersion,
        ["gitCommit"] = GitCommit,
        ["gitTreeState"] = "clean",
        ["buildDate"] = File.GetLastWriteTimeUtc(Environment.ProcessPath ?? "/").ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        ["goVersion"] = $"dotnet{Environment.Version}",
        ["compiler"] = "roslyn",
        ["platform"] = $"linux/{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64")}",
    };
}
