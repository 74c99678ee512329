using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Defaults;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Quantities;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Resources.Admission;

/// <summary>What a namespace's LimitRanges make of new pods and claims (upstream's LimitRanger admission plugin): defaults for containers that ask for nothing, and bounds.</summary>
public static class LimitRanges
{
    private const string Annotation = "kubernetes.io/limit-ranger";
    private const long LargestInMilli = long.MaxValue / 1000;

    /// <summary>Gives containers what the range has as defaults; they are noted in an annotation, as upstream does. The pod is changed in place.</summary>
    public static void Default(JsonObject pod, JsonObject range)
    {
        var (requests, limits) = (new JsonObject(), new JsonObject());
        foreach (var limit in Limits(range).Where(l => l.TextAt("type") == "Container"))
        {
            Merge(requests, limit.ObjectAt("defaultRequest"));
            Merge(limits, limit.ObjectAt("default"));
        }
        var notes = new List<string>();
        var spec = pod.ObjectFor("spec");
        foreach (var container in spec.ObjectsAt("containers")) Default(container, "container", requests, limits, notes);
        foreach (var container in spec.ObjectsAt("initContainers")) Default(container, "init container", requests, limits, notes);
        if (notes.Count == 0) return;
        pod.ObjectFor("metadata").ObjectFor("annotations")[Annotation] = $"LimitRanger plugin set: {string.Join("; ", notes)}";
        if (pod.ObjectAt("status") is { } status && status["qosClass"] is not null) status["qosClass"] = QosClass.Of(TypedJson.Read<PodSpec>(spec));
    }

    /// <summary>What is out of bounds in a pod, in upstream's words; nothing where all is well.</summary>
    public static IReadOnlyList<string> CheckPod(JsonObject pod, JsonObject range)
    {
        var wrong = new List<string>();
        var spec = pod.ObjectFor("spec");
        var (containers, starters) = (spec.ObjectsAt("containers").Select(Needs.Of).ToList(), spec.ObjectsAt("initContainers").Select(Needs.Of).ToList());
        foreach (var limit in Limits(range))
        {
            if (limit.TextAt("type") == "Container")
                foreach (var needs in containers.Concat(starters)) Check(limit, "Container", needs, wrong);
            if (limit.TextAt("type") == "Pod") Check(limit, "Pod", Needs.Together(containers, starters), wrong);
        }
        return wrong;
    }

    /// <summary>What is out of bounds in a PersistentVolumeClaim.</summary>
    public static IReadOnlyList<string> CheckClaim(JsonObject claim, JsonObject range)
    {
        var wrong = new List<string>();
        var needs = new Needs(Amounts(claim.ObjectAt("spec")?.ObjectAt("resources")?.ObjectAt("requests")), []);
        foreach (var limit in Limits(range).Where(l => l.TextAt("type") == "PersistentVolumeClaim"))
        {
            foreach (var (resource, least) in Amounts(limit.ObjectAt("min"))) Min(resource, "PersistentVolumeClaim", least, needs, wrong);
            foreach (var (resource, most) in Amounts(limit.ObjectAt("max")))
            {
                if (!needs.Requests.TryGetValue(resource, out var request)) wrong.Add($"maximum {resource} usage per PersistentVolumeClaim is {most}.  No request is specified");
                else if (request > most) wrong.Add($"maximum {resource} usage per PersistentVolumeClaim is {most}, but request is {request}");
            }
        }
        return wrong;
    }

    private static void Default(JsonObject container, string what, JsonObject requests, JsonObject limits, List<string> notes)
    {
        var resources = container.ObjectFor("resources");
        // Limits first: what is asked for stays what was written, defaulted from a limit only where the range has no default for it.
        var set = Fill(resources, "limits", limits);
        var asked = Fill(resources, "requests", requests);
        var name = container.TextAt("name");
        if (asked.Count > 0) notes.Add($"{string.Join(", ", asked)} request for {what} {name}");
        if (set.Count > 0) notes.Add($"{string.Join(", ", set)} limit for {what} {name}");
    }

    private static List<string> Fill(JsonObject resources, string field, JsonObject defaults)
    {
        var set = new List<string>();
        foreach (var (name, amount) in defaults.OrderBy(d => d.Key, StringComparer.Ordinal))
        {
            if (resources.ObjectAt(field)?[name] is not null) continue;
            resources.ObjectFor(field)[name] = amount?.DeepClone();
            set.Add(name);
        }
        return set;
    }

    private static void Check(JsonObject limit, string type, Needs needs, List<string> wrong)
    {
        foreach (var (resource, least) in Amounts(limit.ObjectAt("min"))) Min(resource, type, least, needs, wrong);
        foreach (var (resource, most) in Amounts(limit.ObjectAt("max")))
        {
            var (request, cap) = (Of(needs.Requests, resource), Of(needs.Limits, resource));
            if (cap is null) wrong.Add($"maximum {resource} usage per {type} is {most}.  No limit is specified");
            else if (cap > most) wrong.Add($"maximum {resource} usage per {type} is {most}, but limit is {cap}");
            else if (request > most) wrong.Add($"maximum {resource} usage per {type} is {most}, but request is {request}");
        }
        foreach (var (resource, ratio) in Amounts(limit.ObjectAt("maxLimitRequestRatio")))
        {
            var (request, cap) = (Of(needs.Requests, resource), Of(needs.Limits, resource));
            if (request is null or { IsZero: true }) wrong.Add($"{resource} max limit to request ratio per {type} is {ratio}, but no request is specified or request is 0");
            else if (cap is null or { IsZero: true }) wrong.Add($"{resource} max limit to request ratio per {type} is {ratio}, but no limit is specified or limit is 0");
            else if (Scaled(cap.Value, request.Value) is var observed && observed > ratio.ToDouble())
                wrong.Add($"{resource} max limit to request ratio per {type} is {ratio}, but provided ratio is {observed.ToString("F6", CultureInfo.InvariantCulture)}");
        }
    }

    private static void Min(string resource, string type, Quantity least, Needs needs, List<string> wrong)
    {
        var (request, cap) = (Of(needs.Requests, resource), Of(needs.Limits, resource));
        if (request is null) wrong.Add($"minimum {resource} usage per {type} is {least}.  No request is specified");
        else if (request < least) wrong.Add($"minimum {resource} usage per {type} is {least}, but request is {request}");
        else if (cap < least) wrong.Add($"minimum {resource} usage per {type} is {least}, but limit is {cap}");
    }

    private static double Scaled(Quantity limit, Quantity request) =>
        limit.Value <= LargestInMilli && request.Value <= LargestInMilli ? (double)limit.MilliValue / request.MilliValue : (double)limit.Value / request.Value;

    private static Quantity? Of(Dictionary<string, Quantity> amounts, string resource) => amounts.TryGetValue(resource, out var amount) ? amount : null;

    private static IEnumerable<JsonObject> Limits(JsonObject range) => range.ObjectAt("spec")?.ObjectsAt("limits") ?? [];

    private static void Merge(JsonObject into, JsonObject? amounts)
    {
        foreach (var (name, amount) in amounts ?? []) into[name] = amount?.DeepClone();
    }

    private static Dictionary<string, Quantity> Amounts(JsonObject? amounts)
    {
        var result = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var name in (amounts ?? []).Select(a => a.Key).Order(StringComparer.Ordinal))
            if (Quantity.TryParse(amounts!.TextAt(name) is { Length: > 0 } text ? text : amounts![name]?.ToJsonString(), out var amount)) result[name] = amount;
        return result;
    }

    private sealed record Needs(Dictionary<string, Quantity> Requests, Dictionary<string, Quantity> Limits)
    {
        public static Needs Of(JsonObject container) => new(Amounts(container.ObjectAt("resources")?.ObjectAt("requests")), Amounts(container.ObjectAt("resources")?.ObjectAt("limits")));

        /// <summary>Of a pod: what every container asks for, together; or what the greediest init container does.</summary>
        public static Needs Together(List<Needs> containers, List<Needs> starters) =>
            new(Together([.. containers.Select(c => c.Requests)], [.. starters.Select(s => s.Requests)]), Together([.. containers.Select(c => c.Limits)], [.. starters.Select(s => s.Limits)]));

        private static Dictionary<string, Quantity> Together(List<Dictionary<string, Quantity>> containers, List<Dictionary<string, Quantity>> starters)
        {
            var total = new Dictionary<string, Quantity>(StringComparer.Ordinal);
            foreach (var resource in containers.SelectMany(c => c.Keys).Distinct(StringComparer.Ordinal))
                if (containers.All(c => c.ContainsKey(resource))) total[resource] = containers.Select(c => c[resource]).Aggregate((a, b) => a + b);
            foreach (var (resource, amount) in starters.SelectMany(s => s))
                if (!total.TryGetValue(resource, out var sum) || amount > sum) total[resource] = amount;
            return total;
        }
    }
}
