using System.Globalization;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Validation.Pods;

/// <summary>Rules of probes and lifecycle hooks (upstream: validateProbe, validateHandler).</summary>
internal static class HandlerValidation
{
    private static readonly string[] ProbeHandlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    private static readonly string[] HookHandlers = ["exec", "httpGet", "tcpSocket", "sleep"];

    /// <summary>A liveness, readiness or startup probe, or nothing. <paramref name="grace"/> is the pod's grace period.</summary>
    public static void Probe(Field probe, string kind, Field grace, FieldErrors errors)
    {
        if (!probe.Exists) return;
        Handler(probe, ProbeHandlers, grace, errors);
        foreach (var number in (ReadOnlySpan<string>)["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"])
            errors.NonNegative(probe[number]);
        var own = probe["terminationGracePeriodSeconds"];
        if (own.Exists && own.Number <= 0) errors.Invalid(own, "must be greater than 0");
        if (kind == "readinessProbe")
        {
            if (own.Exists) errors.Invalid(own, "must not be set for readinessProbes");
        }
        else if (probe["successThreshold"].Number != 1)
        {
            errors.Invalid(probe["successThreshold"], "must be 1");
        }
    }

    /// <summary>Hooks, or nothing.</summary>
    public static void Lifecycle(Field lifecycle, Field grace, FieldErrors errors)
    {
        foreach (var hook in (ReadOnlySpan<string>)["postStart", "preStop"])
            if (lifecycle[hook].Exists) Handler(lifecycle[hook], HookHandlers, grace, errors);
    }

    /// <summary>A port given by number or by name.</summary>
    public static void PortNumberOrName(Field port, FieldErrors errors) =>
        errors.Invalid(port, port.IsText ? NameFormats.PortName(port.Text) : NameFormats.PortNumber(port.Number));

    private static void Handler(Field holder, string[] kinds, Field grace, FieldErrors errors)
    {
        var found = 0;
        foreach (var kind in kinds)
        {
            var handler = holder[kind];
            if (!handler.Exists) continue;
            if (found++ > 0)
            {
                errors.Forbidden(handler, "may not specify more than 1 handler type");
                continue;
            }
            switch (kind)
            {
                case "exec":
                    if (handler["command"].Count == 0) errors.Required(handler["command"]);
                    break;
                case "httpGet":
                    HttpGet(handler, errors);
                    break;
                case "sleep":
                    Sleep(handler, grace, errors);
                    break;
                default:
                    PortNumberOrName(handler["port"], errors);
                    break;
            }
        }
        if (found == 0) errors.Required(holder, "must specify a handler type");
    }

    private static void HttpGet(Field http, FieldErrors errors)
    {
        if (http["path"].Text.Length == 0) errors.Required(http["path"]);
        PortNumberOrName(http["port"], errors);
        if (http["scheme"].Text is not ("HTTP" or "HTTPS")) errors.NotSupported(http["scheme"], ["HTTP", "HTTPS"]);
        foreach (var header in http["httpHeaders"].Items)
            foreach (var problem in NameFormats.HttpHeader(header["name"].Text)) errors.Invalid(http["httpHeaders"].Path.ToString(), header["name"].Text, problem);
    }

    private static void Sleep(Field sleep, Field grace, FieldErrors errors)
    {
        var seconds = sleep["seconds"].Number;
        if (grace.Exists && (seconds <= 0 || seconds > grace.Number))
            errors.Invalid(sleep.Path.ToString(), seconds, string.Create(
                CultureInfo.InvariantCulture, $"must be greater than 0 and less than terminationGracePeriodSeconds ({grace.Number})"));
    }
}
