using System.Globalization;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of containers, init containers and ephemeral containers (upstream: validateContainers and its kin).</summary>
internal static class ContainerValidation
{
    private const string NotForEphemeral = "cannot be set for an Ephemeral Container";
    private const string OnlyForSidecars = "may not be set for init containers without restartPolicy=Always";

    private static readonly string[] Probes = ["livenessProbe", "readinessProbe", "startupProbe"];

    /// <summary>All containers of a pod spec. <paramref name="volumes"/> are the valid volumes by name.</summary>
    public static void Containers(Field spec, IReadOnlyDictionary<string, Field> volumes, FieldErrors errors)
    {
        var grace = spec["terminationGracePeriodSeconds"];
        var containers = spec["containers"];
        if (containers.Count == 0) errors.Required(containers);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var ports = new HashSet<string>(StringComparer.Ordinal);
        foreach (var container in containers.Items)
        {
            Common(container, spec, volumes, errors);
            if (!names.Add(container["name"].Text)) errors.Duplicate(container["name"]);
            HandlerValidation.Lifecycle(container["lifecycle"], grace, errors);
            foreach (var probe in Probes) HandlerValidation.Probe(container[probe], probe, grace, errors);
            if (container["restartPolicy"].Exists) errors.Forbidden(container["restartPolicy"], "may not be set for non-init containers");
            HostPorts(container, ports, errors);
        }
        foreach (var container in spec["initContainers"].Items) Init(container, spec, volumes, names, errors);
        Ephemeral(spec, volumes, names, errors);
    }

    /// <summary>Pods (not templates) refuse images with blanks around them.</summary>
    public static void ImageWithoutSpace(Field container, FieldErrors errors)
    {
        var image = container["image"];
        if (image.Text.Trim().Length != image.Text.Length) errors.Invalid(image, "must not have leading or trailing whitespace");
    }

    private static void Init(Field container, Field spec, IReadOnlyDictionary<string, Field> volumes, HashSet<string> names, FieldErrors errors)
    {
        Common(container, spec, volumes, errors);
        var policy = container["restartPolicy"];
        if (policy.Exists && policy.Text != "Always") errors.NotSupported(policy, ["Always"]);
        if (container["name"].Text.Length > 0 && !names.Add(container["name"].Text)) errors.Duplicate(container["name"]);
        HostPorts(container, new HashSet<string>(StringComparer.Ordinal), errors);
        var grace = spec["terminationGracePeriodSeconds"];
        if (policy.Text == "Always")
        {
            HandlerValidation.Lifecycle(container["lifecycle"], grace, errors);
            foreach (var probe in Probes) HandlerValidation.Probe(container[probe], probe, grace, errors);
            return;
        }
        if (container["lifecycle"].Exists) errors.Forbidden(container["lifecycle"], OnlyForSidecars);
        foreach (var probe in Probes)
            if (container[probe].Exists) errors.Forbidden(container[probe], OnlyForSidecars);
    }

    private static void Ephemeral(Field spec, IReadOnlyDictionary<string, Field> volumes, HashSet<string> names, FieldErrors errors)
    {
        if (spec["ephemeralContainers"].Count == 0) return;
        var others = names.ToHashSet(StringComparer.Ordinal);
        foreach (var container in spec["ephemeralContainers"].Items)
        {
            Common(container, spec, volumes, errors);
            ImageWithoutSpace(container, errors);
            if (!names.Add(container["name"].Text)) errors.Duplicate(container["name"]);
            var target = container["targetContainerName"];
            if (target.Text.Length > 0 && !others.Contains(target.Text)) errors.NotFound(target);
            foreach (var field in (ReadOnlySpan<string>)["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources", "resizePolicy", "restartPolicy"])
                if (container[field].Exists && container[field].Count + container[field].Text.Length > 0) errors.Forbidden(container[field], NotForEphemeral);
            foreach (var mount in container["volumeMounts"].Items)
                foreach (var field in (ReadOnlySpan<string>)["subPath", "subPathExpr"])
                    if (mount[field].Text.Length > 0) errors.Forbidden(mount[field], NotForEphemeral);
        }
    }

    private static void Common(Field container, Field spec, IReadOnlyDictionary<string, Field> volumes, FieldErrors errors)
    {
        var name = container["name"];
        if (name.Text.Length == 0) errors.Required(name);
        else errors.Invalid(name, NameFormats.Dns1123Label(name.Text));
        if (container["image"].Text.Length == 0) errors.Required(container["image"]);
        errors.OneOf(container["terminationMessagePolicy"], "File", "FallbackToLogsOnError");
        Ports(container["ports"], errors);
        EnvironmentValidation.Variables(container["env"], errors);
        EnvironmentValidation.Sources(container["envFrom"], errors);
        MountValidation.Mounts(container, volumes, errors);
        MountValidation.Devices(container, volumes, errors);
        errors.OneOf(container["imagePullPolicy"], "Always", "IfNotPresent", "Never");
        ResourceValidation.Requirements(container["resources"], spec["resourceClaims"], errors);
        ResizePolicy(container["resizePolicy"], spec["restartPolicy"].Text, errors);
        SecurityValidation.ContainerSecurityContext(container["securityContext"], errors);
    }

    private static void Ports(Field ports, FieldErrors errors)
    {
        HashSet<string>? names = null;
        foreach (var port in ports.Items)
        {
            var name = port["name"];
            if (name.Text.Length > 0)
            {
                var problems = NameFormats.PortName(name.Text);
                if (problems.Count > 0) errors.Invalid(name, problems);
                else if (!(names ??= new(StringComparer.Ordinal)).Add(name.Text)) errors.Duplicate(name);
            }
            if (port["containerPort"].Number == 0) errors.Required(port["containerPort"]);
            else errors.Invalid(port["containerPort"], NameFormats.PortNumber(port["containerPort"].Number));
            if (port["hostPort"].Number != 0) errors.Invalid(port["hostPort"], NameFormats.PortNumber(port["hostPort"].Number));
            errors.OneOf(port["protocol"], "SCTP", "TCP", "UDP");
        }
    }

    /// <summary>No two containers that run at once can bind the same port of the host.</summary>
    private static void HostPorts(Field container, HashSet<string> taken, FieldErrors errors)
    {
        foreach (var port in container["ports"].Items)
        {
            if (port["hostPort"].Number == 0) continue;
            var bound = string.Create(CultureInfo.InvariantCulture, $"{port["protocol"].Text}/{port["hostIP"].Text}/{port["hostPort"].Number}");
            if (!taken.Add(bound)) errors.Duplicate(port["hostPort"].Path.ToString(), bound);
        }
    }

    private static void ResizePolicy(Field policies, string podRestartPolicy, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var policy in policies.Items)
        {
            var resource = policy["resourceName"].Text;
            if (!seen.Add(resource)) errors.Duplicate(policy.Path.ToString(), resource);
            if (resource.Length == 0) errors.Required(policies);
            else if (resource is not ("cpu" or "memory")) errors.NotSupported(policies.Path.ToString(), resource, ["cpu", "memory"]);
            var restart = policy["restartPolicy"].Text;
            if (restart.Length == 0) errors.Required(policies);
            else if (restart is not ("NotRequired" or "RestartContainer")) errors.NotSupported(policies.Path.ToString(), restart, ["NotRequired", "RestartContainer"]);
            if (podRestartPolicy == "Never" && restart != "NotRequired") errors.Invalid(policies.Path.ToString(), restart, "must be 'NotRequired' when `restartPolicy` is 'Never'");
        }
    }
}
