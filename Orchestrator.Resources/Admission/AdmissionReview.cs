using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Resources.Admission;

/// <summary>What a webhook answered, checked. <see cref="Patch"/> is a JSON patch document, empty for none.</summary>
public sealed record AdmissionAnswer(bool Allowed, ReadOnlyMemory<byte> Patch, JsonObject? Result, IReadOnlyList<string> Warnings);

/// <summary>The envelope that webhooks are asked in and answer in: admission.k8s.io AdmissionReview, v1 and v1beta1 (k8s.io/apiserver plugin/webhook/request).</summary>
public static class AdmissionReview
{
    /// <summary>The versions spoken, in the order a webhook may list them.</summary>
    public static IReadOnlyList<string> Versions { get; } = ["v1", "v1beta1"];

    /// <summary>The question. <paramref name="target"/> is the version of the resource that the webhook is about, in which the objects are given.</summary>
    public static JsonObject Request(string version, string uid, AdmissionAttributes of, ResourceKind target, JsonObject? obj, JsonObject? old)
    {
        var own = of.Resource;
        var kind = of.IsWholeObject ? AdmissionKind.Of(target) : of.Kind;
        var request = new JsonObject
        {
            ["uid"] = uid,
            ["kind"] = kind.ToJson(),
            ["resource"] = Resource(target),
        };
        if (of.Subresource.Length > 0) request["subResource"] = of.Subresource;
        request["requestKind"] = of.Kind.ToJson();
        request["requestResource"] = Resource(own);
        if (of.Subresource.Length > 0) request["requestSubResource"] = of.Subresource;
        if (of.Name.Length > 0) request["name"] = of.Name;
        if (of.Namespace.Length > 0) request["namespace"] = of.Namespace;
        request["operation"] = of.Operation;
        request["userInfo"] = of.UserInfo.DeepClone();
        request["object"] = obj?.DeepClone();
        request["oldObject"] = old?.DeepClone();
        request["dryRun"] = of.DryRun;
        request["options"] = of.Options?.DeepClone();
        return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = $"admission.k8s.io/{version}", ["request"] = request };
    }

    /// <summary>Reads and checks the answer to a question. Throws <see cref="FormatException"/> with what is wrong with it.</summary>
    public static AdmissionAnswer Answer(ReadOnlySpan<byte> body, string version, string uid, bool mutating)
    {
        JsonObject? review;
        try
        {
            review = JsonNode.Parse(body) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new FormatException($"the answer is not JSON: {e.Message}");
        }
        try
        {
            return Read(review, version, uid, mutating);
        }
        catch (InvalidOperationException)
        {
            throw new FormatException("a field of the answer has the wrong type");
        }
    }

    private static AdmissionAnswer Read(JsonObject? review, string version, string uid, bool mutating)
    {
        if (review?["response"] is not JsonObject response) throw new FormatException("webhook response was absent");
        if (version == "v1")
        {
            if ((string?)review["apiVersion"] != "admission.k8s.io/v1" || (string?)review["kind"] != "AdmissionReview")
                throw new FormatException($"expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {review["apiVersion"]}, Kind={review["kind"]}");
            if ((string?)response["uid"] != uid) throw new FormatException($"expected response.uid=\"{uid}\", got \"{response["uid"]}\"");
        }
        var patch = Patch((string?)response["patch"] ?? "");
        var type = (string?)response["patchType"];
        if (!mutating && patch.Length > 0) throw new FormatException("validating webhook may not return response.patch");
        if (!mutating && type is not null) throw new FormatException("validating webhook may not return response.patchType");
        // v1beta1 knows one type only and does not ask for its name.
        if (version == "v1")
        {
            if (patch.Length > 0 && type is null) throw new FormatException("webhook returned response.patch but not response.patchType");
            if (patch.Length == 0 && type is not null) throw new FormatException("webhook returned response.patchType but not response.patch");
            if (type is not (null or "JSONPatch")) throw new FormatException($"webhook returned invalid response.patchType of \"{type}\"");
        }
        return new AdmissionAnswer((bool?)response["allowed"] ?? false, patch, response["status"] as JsonObject, [.. (response["warnings"] as JsonArray ?? []).Select(w => (string?)w ?? "")]);
    }

    private static byte[] Patch(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException)
        {
            throw new FormatException("response.patch is not base64");
        }
    }

    private static JsonObject Resource(ResourceKind kind) => new() { ["group"] = kind.Group, ["version"] = kind.Version, ["resource"] = kind.Plural };
}
