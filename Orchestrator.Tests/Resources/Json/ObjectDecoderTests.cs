using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Schema;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Json;

public class ObjectDecoderTests
{
    private static readonly SchemaType Deployment = SchemaCatalog.Default.Find("io.k8s.api.apps.v1.Deployment");
    private static readonly SchemaType Pod = SchemaCatalog.Default.Find("io.k8s.api.core.v1.Pod");

    [Fact]
    public void Strict_mode_names_unknown_and_duplicate_fields_in_the_order_they_stand() =>
        Refusal("""{"kind":"Deployment","apiVersion":"apps/v1","spec":{"foo":1,"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"a","nmae":"b"}]}}}}""")
            .ShouldBe("Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.foo\", duplicate field \"spec.replicas\", unknown field \"spec.template.spec.containers[0].nmae\"");

    [Fact]
    public void Warn_mode_drops_them_and_warns()
    {
        var warnings = new List<string>();
        var obj = ObjectDecoder.Decode("""{"spec":{"foo":1,"replicas":1,"replicas":2}}"""u8, Deployment, FieldValidation.Warn, warnings);
        obj.ToJsonString().ShouldBe("""{"spec":{"replicas":2},"kind":"Deployment","apiVersion":"apps/v1"}""");
        warnings.ShouldBe(["unknown field \"spec.foo\"", "duplicate field \"spec.replicas\""]);
    }

    [Theory]
    [InlineData("""{"spec":{"replicas":"x"}}""", "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [InlineData("""{"spec":{"replicas":1.5}}""", "json: cannot unmarshal number into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [InlineData("""{"spec":{"replicas":9999999999}}""", "json: cannot unmarshal number into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [InlineData("""{"spec":[]}""", "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec")]
    [InlineData("""{"spec":{"template":{"spec":{"containers":[{"env":[{"value":5}]}]}}}}""", "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string")]
    [InlineData("""{"metadata":{"labels":{"a":{}}}}""", "json: cannot unmarshal object into Go struct field ObjectMeta.metadata.labels.a of type string")]
    [InlineData("""{"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"many"}}}]}}}}""", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""", "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"")]
    public void A_value_of_the_wrong_sort_is_refused_in_Gos_words(string body, string message) =>
        Refusal(body).ShouldBe($"Deployment in version \"v1\" cannot be handled as a Deployment: {message}");

    [Theory]
    [InlineData(""), InlineData("{"), InlineData("{\"kind\":\"Depl"), InlineData("{} {}"), InlineData("{\"a\":1,}"), InlineData("[1]"), InlineData("nul"), InlineData("{\"metadata\":{\"name\":\"\\ud800\"}}")]
    public void A_body_that_is_no_JSON_object_is_refused(string body) => Refusal(body).ShouldStartWith("the object provided is unrecognized (must be of type Deployment)");

    [Fact]
    public void Ten_thousand_levels_of_nesting_are_refused_not_recursed_into() =>
        Refusal("{\"spec\":" + string.Concat(Enumerable.Repeat("[", 10_000))).ShouldContain("exceeded max depth");

    [Fact]
    public void Invalid_base64_and_other_versions_and_kinds_are_refused()
    {
        Should.Throw<StatusException>(() => ObjectDecoder.Decode("""{"data":{"a":"!!"}}"""u8, SchemaCatalog.Default.Find("io.k8s.api.core.v1.Secret"), FieldValidation.Strict, []))
            .Status.Message.ShouldContain("illegal base64 data at input byte 0");
        Refusal("""{"apiVersion":"v1","kind":"Deployment"}""").ShouldBe("the API version in the data (v1) does not match the expected API version (apps/v1)");
        Refusal("""{"apiVersion":"apps/v1","kind":"ReplicaSet","spec":3}""").ShouldStartWith("ReplicaSet in version \"v1\" cannot be handled as a Deployment");
    }

    [Fact]
    public void An_eviction_in_the_form_of_older_clients_is_read_as_the_current_one() =>
        ((string?)ObjectDecoder.Decode("""{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"a"}}"""u8, SchemaCatalog.Default.Find("io.k8s.api.policy.v1.Eviction"), FieldValidation.Strict, [])["apiVersion"])
            .ShouldBe("policy/v1");

    [Fact]
    public void Numbers_of_a_decoded_object_convert_to_any_type_that_holds_them()
    {
        var obj = ObjectDecoder.Decode("""{"spec":{"replicas":3}}"""u8, Deployment, FieldValidation.Strict, []);
        ((int)obj["spec"]!["replicas"]!).ShouldBe(3);
        ((long)obj["spec"]!["replicas"]!).ShouldBe(3L);
    }

    [Fact]
    public void Nulls_are_absent_fields_and_canonical_forms_are_applied()
    {
        var obj = ObjectDecoder.Decode("""
            {"metadata":{"name":"a","labels":null,"creationTimestamp":"2026-01-02T04:04:05.9+01:00"},
             "spec":{"containers":[{"name":"c","resources":{"limits":{"memory":"1024Mi","cpu":"1000m"}}},null]}}
            """u8, Pod, FieldValidation.Strict, []);
        Encoding.UTF8.GetString(CanonicalJson.Write(obj, Pod)).ShouldBe(
            """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1","memory":"1Gi"}}},{"name":"","resources":{}}]},"status":{}}""");
    }

    [Fact]
    public void Canonical_bytes_do_not_hold_the_resource_version_of_the_object_itself() =>
        Encoding.UTF8.GetString(CanonicalJson.Write(JsonNode.Parse("""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","resourceVersion":"7"},"data":{"b":"2","a":"1"}}""")!.AsObject(), SchemaCatalog.Default.Find("io.k8s.api.core.v1.ConfigMap")))
            .ShouldBe("""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","creationTimestamp":null},"data":{"a":"1","b":"2"}}""");

    [Fact]
    public void Yaml_takes_the_same_path()
    {
        var yaml = "kind: Pod\napiVersion: v1\nmetadata:\n  name: \"yes\"\n  labels: {a: 'on', b: \"017\"}\nspec:\n  hostNetwork: yes\n  hostPID: on\n  priority: 017\n  containers:\n  - &c\n    name: x\n  - <<: *c\n    image: z\n";
        ObjectDecoder.Decode(YamlDecoder.ToJson(Encoding.UTF8.GetBytes(yaml), []), Pod, FieldValidation.Strict, []).ToJsonString().ShouldBe(
            """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"yes","labels":{"a":"on","b":"017"}},"spec":{"hostNetwork":true,"hostPID":true,"priority":15,"containers":[{"name":"x"},{"image":"z","name":"x"}]}}""");
    }

    [Fact]
    public void A_duplicate_yaml_key_is_reported_with_its_line() =>
        Should.Throw<StatusException>(() => YamlDecoder.Decode("kind: Pod\napiVersion: v1\nspec:\n  nodeName: a\n  nodeName: b\n"u8, Pod, FieldValidation.Strict, []))
            .Status.Message.ShouldContain("strict decoding error: yaml: unmarshal errors:\n  line 5: key \"nodeName\" already set in map");

    [Theory]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":{"é":"\n\u00e9\/"}},"spec":{"hostPID":true,"priority":17,"nodeName":null} }""")]
    [InlineData("""{ "kind": "Pod",  "apiVersion": "v1", "spec": {"containers": [{"name": "x"}, {"name": "y"}]}}""")]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","spec":{"nodeName":"yes"}}""")]
    public void Json_sent_as_yaml_is_what_yaml_makes_of_it(string json)
    {
        var utf8 = Encoding.UTF8.GetBytes(json);
        JsonInYaml.IsObject(utf8).ShouldBeTrue();
        JsonNode.DeepEquals(JsonNode.Parse(YamlDecoder.ToJson(utf8, [])), JsonNode.Parse(YamlDecoder.ToJson([.. "# read as YAML\n"u8, .. utf8], []))).ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{a: b}""")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":{"b":1},"c":{"b":1,"\u0062":2}}""")]
    [InlineData("""{"a":1e3}""")]
    [InlineData("""{"a":12345678901234567}""")]
    [InlineData("""{"a":1} b""")]
    [InlineData("""["a"]""")]
    [InlineData("")]
    public void What_json_and_yaml_may_read_otherwise_is_read_as_yaml(string body) => JsonInYaml.IsObject(Encoding.UTF8.GetBytes(body)).ShouldBeFalse();

    [Fact]
    public void A_duplicate_key_of_json_sent_as_yaml_is_reported_as_yamls() =>
        Should.Throw<StatusException>(() => YamlDecoder.Decode("""{"kind":"Pod","apiVersion":"v1","spec":{"nodeName":"a","nodeName":"b"}}"""u8, Pod, FieldValidation.Strict, []))
            .Status.Message.ShouldContain("key \"nodeName\" already set in map");

    [Fact]
    public void A_yaml_bomb_is_refused()
    {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"{(char)('a' + i)}: &{(char)('a' + i)} [{string.Join(',', Enumerable.Repeat($"*{(char)('a' + i - 1)}", 10))}]\n"));
        Should.Throw<StatusException>(() => YamlDecoder.DecodeUntyped(Encoding.UTF8.GetBytes(bomb))).Status.Message.ShouldContain("excessive aliasing");
    }

    /// <summary>Every line is one deeper than the last, though no line of the text is: what it means is refused before it is made.</summary>
    [Theory]
    [InlineData("a{0}: &a{0} [*a{1}]\n")]
    [InlineData("a{0}: &a{0} {{b: *a{1}}}\n")]
    public void A_yaml_ladder_of_aliases_is_refused(string rung)
    {
        var ladder = "a0: &a0 x\n" + string.Concat(Enumerable.Range(1, 20_000).Select(i => string.Format(System.Globalization.CultureInfo.InvariantCulture, rung, i, i - 1)));
        var status = Should.Throw<StatusException>(() => YamlDecoder.DecodeUntyped(Encoding.UTF8.GetBytes(ladder))).Status;
        (status.Code, status.Message).ShouldBe((400, "error converting YAML to JSON: yaml: line 500: exceeded max depth"));
    }

    [Fact]
    public void A_yaml_ladder_as_deep_as_an_object_may_be_is_read()
    {
        var ladder = "a0: &a0 x\n" + string.Concat(Enumerable.Range(1, 300).Select(i => $"a{i}: &a{i} [*a{i - 1}]\n"));
        var last = YamlDecoder.DecodeUntyped(Encoding.UTF8.GetBytes(ladder))["a300"]!;
        for (var depth = 0; depth < 300; depth++) last = last.AsArray().Single()!;
        last.GetValue<string>().ShouldBe("x");
    }

    private static string Refusal(string body)
    {
        var status = Should.Throw<StatusException>(() => ObjectDecoder.Decode(Encoding.UTF8.GetBytes(body), Deployment, FieldValidation.Strict, [])).Status;
        status.Code.ShouldBe(400);
        return status.Message;
    }
}
