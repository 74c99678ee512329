using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;
using Slices = Orchestrator.Resources.Types.Discovery.V1;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>The pods behind a Service as addresses (k8s.io/endpointslice podToEndpoint, getEndpointPorts).</summary>
public static class PodEndpoints
{
    /// <summary>
    /// One endpoint per pod that has an address and has not ended, going ones included, sorted by pod name. Ports that a pod does not name are left out of its list.
    /// </summary>
    /// <param name="service">The Service, defaulted.</param>
    /// <param name="pods">Those that its selector matches.</param>
    /// <param name="zone">Zone of a node by its name, or null.</param>
    public static IReadOnlyList<ServiceEndpoint> Of(Service service, IEnumerable<Pod> pods, Func<string, string?> zone) =>
        [.. pods.Where(p => !PodStatusFacts.IsTerminal(p) && p.Status.PodIP.Length > 0).OrderBy(p => p.Metadata.Name, StringComparer.Ordinal).Select(p => Of(service, p, zone))];

    /// <summary>Whether the Service has no address of its own.</summary>
    public static bool IsHeadless(Service service) => service.Spec.ClusterIP is "None" or "";

    private static ServiceEndpoint Of(Service service, Pod pod, Func<string, string?> zone)
    {
        var serving = PodStatusFacts.IsReady(pod);
        var terminating = pod.Metadata.DeletionTimestamp is not null;
        var node = pod.Spec.NodeName.Length > 0 ? pod.Spec.NodeName : null;
        var inZone = node is null ? null : zone(node);
        var endpoint = new Slices.Endpoint
        {
            Addresses = [pod.Status.PodIP],
            // Never ready once it is going, unless the Service wants them however they are.
            Conditions = new() { Ready = service.Spec.PublishNotReadyAddresses || (serving && !terminating), Serving = serving, Terminating = terminating },
            TargetRef = new() { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, UID = pod.Metadata.UID },
            NodeName = node,
            Zone = inZone,
            Hostname = pod.Spec.Hostname.Length > 0 && pod.Spec.Subdomain == service.Metadata.Name ? pod.Spec.Hostname : null,
        };
        if (inZone is not null && endpoint.Conditions.Ready == true && service.Spec.TrafficDistribution == "PreferClose") endpoint.Hints = new() { ForZones = [new() { Name = inZone }] };
        return new ServiceEndpoint(endpoint, Ports(service, pod));
    }

    private static List<Slices.EndpointPort> Ports(Service service, Pod pod)
    {
        var ports = new List<Slices.EndpointPort>();
        foreach (var port in service.Spec.Ports ?? [])
            if (TargetPort(port, pod) is { } number) ports.Add(new() { Name = port.Name, Protocol = port.Protocol, Port = number, AppProtocol = port.AppProtocol });
        return ports;
    }

    /// <summary>The number of a Service's port on this pod; null where the pod has no port of the name.</summary>
    private static int? TargetPort(ServicePort port, Pod pod)
    {
        if (!port.TargetPort.IsString) return port.TargetPort.Number;
        var containers = (pod.Spec.Containers ?? []).Concat((pod.Spec.InitContainers ?? []).Where(c => c.RestartPolicy == "Always"));
        return containers.SelectMany(c => c.Ports ?? []).FirstOrDefault(p => p.Name == port.TargetPort.Text && p.Protocol == port.Protocol)?.ContainerPortValue;
    }
}
