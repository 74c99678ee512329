using Orchestrator.Resources.Types.Core.V1;

namespace Orchestrator.Tests.Actors.Services;

/// <summary>Builders for the objects these tests need.</summary>
internal static class ServiceObjects
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Service Service(params ServicePort[] ports) => new()
    {
        Metadata = new() { Name = "web", Namespace = "default", UID = "service", CreationTimestamp = Start, Labels = new() { ["team"] = "a" } },
        Spec = new() { Type = "ClusterIP", ClusterIP = "10.96.0.7", Selector = new() { ["app"] = "web" }, IPFamilies = ["IPv4"], Ports = [.. ports] },
    };

    public static ServicePort Port(int port, string name = "") => new() { Name = name, Port = port, TargetPort = port, Protocol = "TCP" };

    public static ServicePort NamedPort(string target, string name = "") => new() { Name = name, Port = 80, TargetPort = target, Protocol = "TCP" };

    /// <summary>Pod <c>p-N</c> at 10.0.0.N on node n1, ready.</summary>
    public static Pod Pod(int number, bool ready = true, bool going = false, int? named = null) => new()
    {
        Metadata = new() { Name = $"p-{number}", Namespace = "default", UID = $"uid-{number}", Labels = new() { ["app"] = "web" }, DeletionTimestamp = going ? Start : null },
        Spec = new() { NodeName = "n1", Containers = [new() { Name = "c", Ports = named is { } port ? [new() { Name = "http", ContainerPortValue = port, Protocol = "TCP" }] : null }] },
        Status = new() { Phase = "Running", PodIP = $"10.0.{number / 250}.{number % 250}", Conditions = [new() { Type = "Ready", Status = ready ? "True" : "False", LastTransitionTime = Start.AddSeconds(number) }] },
    };
}
