namespace Orchestrator.NodeAgent.Runtime.Docker;

/// <summary>Processor names: the engine reports the kernel's, Kubernetes uses Go's.</summary>
internal static class MachineNames
{
    public static string Kubernetes(string? kernelName) => kernelName switch
    {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        { } other => other,
        null => "",
    };
}
