using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;
using Orchestrator.Resources.Validation.Pods;

namespace Orchestrator.Resources.Validation;

/// <summary>Rules of Ingresses and NetworkPolicies (upstream: pkg/apis/networking/validation).</summary>
internal static class NetworkValidation
{
    private const int LongestController = 250;

    /// <summary>networking.k8s.io/v1 Ingress.</summary>
    public static void Ingress(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        if (spec["rules"].Count == 0 && !spec["defaultBackend"].Exists) errors.Invalid(spec, "either `defaultBackend` or `rules` must be specified");
        if (spec["defaultBackend"].Exists) Backend(spec["defaultBackend"], errors);
        if (spec["ingressClassName"].Exists) errors.Invalid(spec["ingressClassName"], NameFormats.Dns1123Subdomain(spec["ingressClassName"].Text));
        foreach (var rule in spec["rules"].Items)
        {
            Host(rule["host"], errors);
            if (!rule["http"].Exists) continue;
            if (rule["http"]["paths"].Count == 0) errors.Required(rule["http"]["paths"]);
            foreach (var path in rule["http"]["paths"].Items) Path(path, errors);
        }
        foreach (var tls in spec["tls"].Items)
            foreach (var host in tls["hosts"].Items) Host(host, errors);
    }

    /// <summary>networking.k8s.io/v1 IngressClass.</summary>
    public static void IngressClass(Field obj, FieldErrors errors)
    {
        var (controller, parameters) = (obj["spec"]["controller"], obj["spec"]["parameters"]);
        if (controller.Text.Length > LongestController) errors.TooLong(controller.Path.ToString(), LongestController);
        if (controller.Text.Length == 0) errors.Required(controller);
        else if (controller.Text.IndexOf('/') is not > 0 || controller.Text.EndsWith('/')) errors.Invalid(controller, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        else errors.Invalid(controller, NameFormats.Dns1123Subdomain(controller.Text[..controller.Text.IndexOf('/')]));
        if (!parameters.Exists) return;
        if (parameters["kind"].Text.Length == 0) errors.Required(parameters["kind"], "kind is required");
        if (parameters["name"].Text.Length == 0) errors.Required(parameters["name"], "name is required");
        if (parameters["apiGroup"].Exists) errors.Invalid(parameters["apiGroup"], NameFormats.Dns1123Subdomain(parameters["apiGroup"].Text));
        var (scope, ns) = (parameters["scope"].Text, parameters["namespace"]);
        if (scope is not ("Cluster" or "Namespace")) errors.NotSupported(parameters["scope"], ["Cluster", "Namespace"]);
        if (scope == "Namespace" && ns.Text.Length == 0) errors.Required(ns, "`parameters.scope` is set to 'Namespace'");
        if (scope == "Cluster" && ns.Exists) errors.Forbidden(ns, "`parameters.scope` is set to 'Cluster'");
    }

    /// <summary>Who implements a class is fixed.</summary>
    public static void IngressClassChange(Field now, Field before, FieldErrors errors) => errors.Immutable(now["spec"]["controller"], before["spec"]["controller"]);

    /// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
    public static void NetworkPolicy(Field obj, FieldErrors errors)
    {
        var spec = obj["spec"];
        LabelSelectorValidation.Selector(spec["podSelector"], errors);
        foreach (var rule in spec["ingress"].Items) PolicyRule(rule, "from", errors);
        foreach (var rule in spec["egress"].Items) PolicyRule(rule, "to", errors);
        foreach (var type in spec["policyTypes"].Items)
            if (type.Text is not ("Ingress" or "Egress")) errors.NotSupported(type, ["Egress", "Ingress"]);
    }

    private static void Host(Field host, FieldErrors errors)
    {
        if (host.Text.Length == 0) return;
        if (AddressValidation.TryParse(host.Text, out _)) errors.Invalid(host, "must be a DNS name, not an IP address");
        else errors.Invalid(host, host.Text.StartsWith('*') ? NameFormats.WildcardDns1123Subdomain(host.Text) : NameFormats.Dns1123Subdomain(host.Text));
    }

    private static void Path(Field path, FieldErrors errors)
    {
        if (!path["pathType"].Exists) errors.Required(path["pathType"], "pathType must be specified");
        else if (path["pathType"].Text is not ("Exact" or "Prefix" or "ImplementationSpecific")) errors.NotSupported(path["pathType"], ["Exact", "ImplementationSpecific", "Prefix"]);
        else if (path["pathType"].Text != "ImplementationSpecific" && !path["path"].Text.StartsWith('/')) errors.Invalid(path["path"], "must be an absolute path");
        Backend(path["backend"], errors);
    }

    private static void Backend(Field backend, FieldErrors errors)
    {
        var (service, resource) = (backend["service"], backend["resource"]);
        if (service.Exists && resource.Exists)
        {
            errors.Invalid(backend.Path.ToString(), "", "cannot set both resource and service backends");
            return;
        }
        if (resource.Exists) return;
        if (!service.Exists)
        {
            errors.Required(backend, "must specify a service or a resource backend");
            return;
        }
        if (service["name"].Text.Length == 0) errors.Required(service["name"]);
        else errors.Invalid(service["name"], NameFormats.Dns1035Label(service["name"].Text));
        var port = service["port"];
        if (port["name"].Text.Length > 0 && port["number"].Number > 0) errors.Invalid(port.Path.ToString(), "", "cannot set both port name & port number");
        else if (port["name"].Text.Length > 0) errors.Invalid(port["name"], NameFormats.PortName(port["name"].Text));
        else if (port["number"].Number > 0) errors.Invalid(port["number"], NameFormats.PortNumber(port["number"].Number));
        else errors.Required(port, "port name or number is required");
    }

    private static void PolicyRule(Field rule, string peers, FieldErrors errors)
    {
        foreach (var port in rule["ports"].Items)
        {
            if (port["protocol"].Exists && port["protocol"].Text is not ("SCTP" or "TCP" or "UDP")) errors.NotSupported(port["protocol"], ["SCTP", "TCP", "UDP"]);
            if (port["port"].Exists) HandlerValidation.PortNumberOrName(port["port"], errors);
            var end = port["endPort"];
            if (!end.Exists) continue;
            if (!port["port"].Exists || port["port"].IsText) errors.Required(port["port"], "must be specified as a number when endPort is set");
            else if (end.Number < port["port"].Number) errors.Invalid(end.Path.ToString(), port["port"].Number, "must be greater than or equal to `port`");
        }
        foreach (var peer in rule[peers].Items)
        {
            LabelSelectorValidation.Selector(peer["podSelector"], errors);
            LabelSelectorValidation.Selector(peer["namespaceSelector"], errors);
            var block = peer["ipBlock"];
            var selects = peer["podSelector"].Exists || peer["namespaceSelector"].Exists;
            if (block.Exists && selects) errors.Forbidden(peer, "may not specify both ipBlock and another peer");
            else if (!block.Exists && !selects) errors.Required(peer, "must specify a peer");
            else if (block.Exists && !AddressValidation.IsRange(block["cidr"].Text))
                errors.Invalid(block["cidr"], "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        }
    }
}
