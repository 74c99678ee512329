using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>
/// The Status that closes an exec or attach stream, as Kubernetes' remote command protocol v4 has it: kubectl takes the exit code from the
/// <c>ExitCode</c> cause.
/// </summary>
internal static class StreamStatus
{
    public static byte[] Success() => "{\"metadata\":{},\"status\":\"Success\"}"u8.ToArray();

    /// <summary>The command ran and ended with another code than 0.</summary>
    public static byte[] NonZeroExit(int exitCode)
    {
        var code = exitCode.ToString(CultureInfo.InvariantCulture);
        return Utf8(new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = $"command terminated with non-zero exit code: command terminated with exit code {code}",
            ["reason"] = "NonZeroExitCode",
            ["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code }) },
        });
    }

    /// <summary>The engine failed; the message has its words.</summary>
    public static byte[] InternalError(string message) => Utf8(new JsonObject
    {
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = $"Internal error occurred: error executing command in container: {message}",
        ["reason"] = "InternalError",
        ["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = $"error executing command in container: {message}" }) },
        ["code"] = 500,
    });

    /// <summary>The Status of an exit code.</summary>
    public static byte[] OfExit(int exitCode) => exitCode == 0 ? Success() : NonZeroExit(exitCode);

    private static byte[] Utf8(JsonObject status) => System.Text.Encoding.UTF8.GetBytes(status.ToJsonString());
}
