using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Orchestrator.Api.Discovery;

/// <summary>What <c>/version</c> tells: the Kubernetes version whose API is served, with our own build metadata.</summary>
public static class ServerVersion
{
    /// <summary>Semantic version that clients compare against.</summary>
    public const string GitVersion = "v1.32.0+orchestrator";

    /// <summary>The version.Info object.</summary>
    public static JsonObject ToJson() => new()
    {
        ["major"] = "1",
        ["minor"] = "32",
        ["gitVersion"] = GitVersion,
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = $"dotnet{Environment.Version}",
        ["compiler"] = "roslyn",
        ["platform"] = $"linux/{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64")}",
    };
}
