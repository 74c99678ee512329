using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Schema;
using Orchestrator.Tests.Api.Http;

namespace Orchestrator.Tests.Api.Fuzz;

/// <summary>
/// Requests made wrong from right ones, the n-th always the same for a seed. What might still be right is a dry run; what is certainly wrong is sent as if it were meant.
/// </summary>
internal sealed class MalformedRequests(int seed, string ns)
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];
    private static readonly string[] PatchTypes = ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];
    private static readonly string[] ContentTypes =
        ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", .. PatchTypes, "application/cbor", "text/plain", "application/json; charset=utf-16", "multipart/form-data; boundary=x", "application/json,application/yaml"];

    /// <summary>What is asked of objects besides reading and writing them: path below the namespace, and a right body.</summary>
    private static readonly (string Path, string Type, string Body)[] Subresources =
    [
        ("pods/full/binding", "core.v1.Binding", """{"target":{"kind":"Node","name":"round-trip"}}"""),
        ("pods/full/eviction", "policy.v1.Eviction", """{"metadata":{"name":"full"},"deleteOptions":{"gracePeriodSeconds":1}}"""),
        ("pods/full/status", "core.v1.Pod", """{"metadata":{"name":"full"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"""),
        ("pods/full/ephemeralcontainers", "core.v1.Pod", """{"metadata":{"name":"full"},"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox:1","targetContainerName":"main"}]}}"""),
        ("serviceaccounts/runner/token", "authentication.v1.TokenRequest", """{"spec":{"audiences":["a"],"expirationSeconds":600,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"full"}}}"""),
        ("replicationcontrollers/old/scale", "autoscaling.v1.Scale", """{"metadata":{"name":"old"},"spec":{"replicas":3}}"""),
        ("pods/full/log", "core.v1.Pod", "{}"), ("pods/full/exec", "core.v1.Pod", "{}"), ("pods/full/attach", "core.v1.Pod", "{}"), ("pods/full/portforward", "core.v1.Pod", "{}"),
    ];

    private static readonly (string Path, string Type, string Body)[] Reviews =
    [
        ("/apis/authentication.k8s.io/v1/tokenreviews", "authentication.v1.TokenReview", """{"spec":{"token":"x","audiences":["a"]}}"""),
        ("/apis/authorization.k8s.io/v1/subjectaccessreviews", "authorization.v1.SubjectAccessReview", """{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"},"user":"u","groups":["g"],"extra":{"k":["v"]}}}"""),
        ("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "authorization.v1.SelfSubjectRulesReview", """{"spec":{"namespace":"default"}}"""),
    ];

    private readonly KindSample[] _samples = [.. KindSample.All.Values.OrderBy(s => s.Title, StringComparer.Ordinal)];

    /// <summary>The request of a number.</summary>
    public RawRequest Make(int number)
    {
        var random = new Random(HashCode(number));
        var sample = _samples[random.Next(_samples.Length)];
        var collection = sample.Path(ns);
        var item = $"{collection}/{Uri.EscapeDataString(sample.Name)}";
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                var fresh = sample.In(ns);
                if (random.Next(2) == 0) fresh["metadata"]!["name"] = "fresh";
                return Written("POST", collection, sample.Kind.SchemaName, fresh, random);
            case 3 or 4:
                return Written("PUT", random.Next(4) == 0 ? item + "/status" : item, sample.Kind.SchemaName, sample.In(ns), random);
            case 5 or 6:
                return Patched(random.Next(4) == 0 ? item + "/status" : item, sample.In(ns), random);
            case 7:
                return Dry(random.Next(3) == 0 ? Methods[random.Next(Methods.Length)] : "GET", $"{(random.Next(2) == 0 ? collection : item)}?{TargetMutations.Query(random)}", random);
            case 8:
                return Dry(Methods[random.Next(Methods.Length)], TargetMutations.Path(random.Next(3) == 0 ? Below(ns, Subresources[random.Next(Subresources.Length)].Path) : item, random), random);
            case 9:
                return Dry(Methods[random.Next(Methods.Length)], random.Next(2) == 0 ? collection : item, random) with { Headers = TargetMutations.HeaderLines(random) };
            case 10:
                return Subresource(random);
            default:
                return CertainlyWrong(collection, item, sample.In(ns), random);
        }
    }

    private static RawRequest Written(string method, string path, string schemaName, JsonObject right, Random random)
    {
        var type = SchemaCatalog.Default.Find(schemaName);
        var encoding = BodyEncoding.All[random.Next(3)];
        byte[] body;
        if (encoding == BodyEncoding.Protobuf || random.Next(3) == 0) body = ByteMutations.Damage(encoding.Write(right, type), random);
        else if (encoding == BodyEncoding.Yaml && random.Next(2) == 0) body = encoding.Write(JsonMutations.Change(right.DeepClone(), random).AsObject(), type);
        else body = random.Next(3) == 0 ? JsonMutations.Text(right, random) : JsonMutations.Tree(right, random);
        if (random.Next(30) == 0) body = ByteMutations.Other(random);
        return Dry(method, path, random) with { Body = body, ContentType = random.Next(15) == 0 ? ContentTypes[random.Next(ContentTypes.Length)] : encoding.MediaType };
    }

    private static RawRequest Patched(string path, JsonObject right, Random random)
    {
        var type = PatchTypes[random.Next(PatchTypes.Length)];
        var patch = type == PatchTypes[0] ? PatchMutations.JsonPatch(right, random) : PatchMutations.Merge(right, random);
        var body = random.Next(3) switch
        {
            0 => ByteMutations.Damage(Encoding.UTF8.GetBytes(patch.ToJsonString()), random),
            1 => JsonMutations.Text(patch, random),
            _ => Encoding.UTF8.GetBytes(patch.ToJsonString()),
        };
        var target = type == PatchTypes[3] ? $"{path}?fieldManager=fuzz&force={(random.Next(2) == 0 ? "true" : "false")}" : path;
        return Dry("PATCH", target, random) with { Body = body, ContentType = random.Next(15) == 0 ? PatchTypes[random.Next(PatchTypes.Length)] : type };
    }

    private RawRequest Subresource(Random random)
    {
        var review = random.Next(4) == 0;
        var (path, type, body) = review ? Reviews[random.Next(Reviews.Length)] : Subresources[random.Next(Subresources.Length)];
        var target = review ? path : Below(ns, path);
        if (random.Next(3) == 0) target += "?" + TargetMutations.Query(random);
        if (random.Next(4) == 0) return Dry("GET", target, random);
        var method = random.Next(4) switch { 0 => "PUT", 1 => "PATCH", _ => "POST" };
        return Written(method, target, $"io.k8s.api.{type}", JsonNode.Parse(body)!.AsObject(), random);
    }

    /// <summary>No dry run: JSON that ends too soon, bodies that are nothing, and what is too large.</summary>
    private static RawRequest CertainlyWrong(string collection, string item, JsonObject right, Random random)
    {
        var json = Encoding.UTF8.GetBytes(right.ToJsonString());
        var whole = random.Next(500) == 0 ? Encoding.UTF8.GetBytes($$"""{"metadata":{"name":"large"},"data":{"key":"{{new string('x', 3 << 20)}}"} }""") : json[..random.Next(1, json.Length)];
        return random.Next(4) switch
        {
            0 => new RawRequest("POST", collection, whole, "application/json"),
            1 => new RawRequest("PUT", item, whole, "application/json"),
            2 => new RawRequest("PATCH", item, whole, PatchTypes[1 + random.Next(2)]),
            _ => new RawRequest("POST", collection, ByteMutations.Other(random), ContentTypes[random.Next(3)]),
        };
    }

    private static RawRequest Dry(string method, string target, Random random)
    {
        if (method is "GET" or "HEAD") return new RawRequest(method, target, null, "");
        var strict = random.Next(2) == 0 ? "&fieldValidation=Strict" : "";
        return new RawRequest(method, $"{target}{(target.Contains('?') ? '&' : '?')}dryRun=All{strict}", random.Next(3) == 0 ? ByteMutations.Other(random) : null, ContentTypes[random.Next(3)]);
    }

    private static string Below(string ns, string path) => $"/api/v1/namespaces/{ns}/{path}";

    // Neighbouring seeds give neighbouring first values: the numbers are spread.
    private int HashCode(int number) => unchecked((int)((uint)seed * 2654435761u + (uint)number * 2246822519u));
}
