using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Extensions;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Extensions;

/// <summary><c>x-kubernetes-validations</c>: what they say of objects, and what is said of them when a definition brings them.</summary>
public class SchemaRuleTests
{
    [Fact]
    public void A_rule_speaks_with_its_message_its_reason_and_its_field()
    {
        const string Schema = """
            {"type":"object","properties":{"spec":{"type":"object","properties":{"min":{"type":"integer"},"max":{"type":"integer"}},"x-kubernetes-validations":[
              {"rule":"self.min <= self.max","messageExpression":"'min %d is above %d'.format([self.min, self.max])","fieldPath":".min","reason":"FieldValueForbidden"},
              {"rule":"self.max < 100","message":"too much"}, {"rule":"self.max != 7"}]}}}
            """;
        Check(Schema, """{"spec":{"min":1,"max":2}}""").ShouldBeEmpty();
        Check(Schema, """{"spec":{"min":5,"max":2}}""").ShouldBe(["spec.min: Forbidden: min 5 is above 2"]);
        Check(Schema, """{"spec":{"min":5,"max":100}}""").ShouldBe(["spec: Invalid value: \"object\": too much"]);
        Check(Schema, """{"spec":{"min":5,"max":7}}""").ShouldBe(["spec: Invalid value: \"object\": failed rule: self.max != 7"]);
        Check(Schema, """{"spec":{"min":5}}""").ShouldBe(
        [
            "spec: Invalid value: \"object\": no such key: max evaluating rule: self.min <= self.max", "spec: Invalid value: \"object\": no such key: max evaluating rule: too much",
            "spec: Invalid value: \"object\": no such key: max evaluating rule: self.max != 7",
        ]);
    }

    [Fact]
    public void A_transition_rule_is_about_changes_only()
    {
        const string Schema = """
            {"type":"object","properties":{"spec":{"type":"object","properties":{"id":{"type":"string","x-kubernetes-validations":[{"rule":"self == oldSelf","message":"immutable"}]},
              "parts":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","properties":{"name":{"type":"string"},"size":{"type":"integer",
                "x-kubernetes-validations":[{"rule":"self >= oldSelf","message":"shrinks"}]}}}}}}}}
            """;
        Check(Schema, """{"spec":{"id":"a"}}""").ShouldBeEmpty();
        Check(Schema, """{"spec":{"id":"a"}}""", """{"spec":{}}""").ShouldBeEmpty();
        Check(Schema, """{"spec":{"id":"b"}}""", """{"spec":{"id":"a"}}""").ShouldBe(["spec.id: Invalid value: \"string\": immutable"]);
        Check(Schema, """{"spec":{"parts":[{"name":"y","size":1},{"name":"x","size":1}]}}""", """{"spec":{"parts":[{"name":"x","size":2}]}}""").ShouldBe(["spec.parts[1].size: Invalid value: \"integer\": shrinks"]);
    }

    [Fact]
    public void An_optional_old_self_makes_a_rule_about_both()
    {
        const string Schema = """
            {"type":"object","properties":{"id":{"type":"integer","x-kubernetes-validations":[{"rule":"oldSelf.hasValue() ? self > oldSelf.value() : self == 1","optionalOldSelf":true}]}}}
            """;
        Check(Schema, """{"id":1}""").ShouldBeEmpty();
        Check(Schema, """{"id":2}""").Count.ShouldBe(1);
        Check(Schema, """{"id":2}""", """{"id":1}""").ShouldBeEmpty();
        Check(Schema, """{"id":2}""", """{"id":2}""").Count.ShouldBe(1);
    }

    [Fact]
    public void What_has_not_changed_may_stay_as_it_is()
    {
        const string Schema = """{"type":"object","properties":{"a":{"type":"integer","x-kubernetes-validations":[{"rule":"self < 5"}]},"b":{"type":"integer"}}}""";
        Check(Schema, """{"a":9,"b":2}""", """{"a":9,"b":1}""").ShouldBeEmpty();
        Check(Schema, """{"a":8,"b":2}""", """{"a":9,"b":1}""").Count.ShouldBe(1);
    }

    [Fact]
    public void The_whole_object_has_a_name_but_no_labels()
    {
        const string Schema = """{"type":"object","x-kubernetes-validations":[{"rule":"self.metadata.name.startsWith('x') && self.kind == 'K'"}]}""";
        Check(Schema, """{"kind":"K","metadata":{"name":"xy"}}""").ShouldBeEmpty();
        Check(Schema, """{"kind":"K","metadata":{"name":"y"}}""").ShouldHaveSingleItem().ShouldStartWith("<nil>: Invalid value: \"object\": failed rule");
        Compile(Schema.Replace("self.kind == 'K'", "self.metadata.labels.size() > 0", StringComparison.Ordinal)).ShouldHaveSingleItem().ShouldContain("undefined field 'labels'");
    }

    [Theory]
    [InlineData("""{"rule":""}""", "rule: Required value: rule is not specified")]
    [InlineData("""{"rule":"self.x == 1"}""", "rule: Invalid value: \"self.x == 1\": compilation failed: ERROR: <input>:1:5: undefined field 'x'")]
    [InlineData("""{"rule":"self.a"}""", "rule: Invalid value: \"self.a\": cel expression must evaluate to a bool")]
    [InlineData("""{"rule":"self.a == 1","messageExpression":"self.a"}""", "messageExpression: Invalid value: \"self.a\": messageExpression must evaluate to a string")]
    [InlineData("""{"rule":"self.a == 1","reason":"Nope"}""", "reason: Unsupported value: \"Nope\"")]
    [InlineData("""{"rule":"self.a == 1","fieldPath":".b"}""", "fieldPath: Invalid value: \".b\": fieldPath must be a valid path")]
    [InlineData("""{"rule":"self.a == 1","optionalOldSelf":true}""", "optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule")]
    [InlineData("""{"rule":"self.l.all(i, format.nothing().validate(i).hasValue())"}""", "undeclared reference to 'format'")]
    public void A_wrong_rule_is_refused_with_its_definition(string rule, string why) =>
        Compile($$$"""{"type":"object","properties":{"a":{"type":"integer"},"l":{"type":"array","items":{"type":"string"} } },"x-kubernetes-validations":[{{{rule}}}]}""").ShouldContain(e => e.StartsWith("schema.x-kubernetes-validations[0].", StringComparison.Ordinal) && e.Contains(why, StringComparison.Ordinal));

    [Fact]
    public void Items_that_cannot_be_told_apart_have_no_old_self() =>
        Compile("""{"type":"object","properties":{"l":{"type":"array","items":{"type":"string","x-kubernetes-validations":[{"rule":"self == oldSelf"}]}}}}""").ShouldHaveSingleItem()
            .ShouldContain("oldSelf cannot be used on the uncorrelatable portion of the schema");

    private const string OutOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

    // About 630,000 for 250 items.
    private const string Expensive = "self.all(a, self.all(b, a + b < 1000 && a >= 0))";

    [Fact]
    public void A_rule_that_costs_too_much_stops_all_that_follow()
    {
        var schema = $$$$$$"""{"type":"object","properties":{"l":{"type":"array","items":{"type":"integer"},"x-kubernetes-validations":[{"rule":"true"},{"rule":"{{{{{{Expensive}}}}}} && {{{{{{Expensive}}}}}}"},{"rule":"false"}]}}}""";
        Check(schema, $$$$$$"""{"l":[{{{{{{Numbers(250)}}}}}}]}""").ShouldBe([$"l: Invalid value: \"array\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: {Expensive} && {Expensive}"]);
        Check(schema, """{"l":[1]}""").ShouldBe(["l: Invalid value: \"array\": failed rule: false"]);
    }

    [Fact]
    public void Rules_that_cost_too_much_together_stop_those_that_follow()
    {
        var rules = string.Join(',', Enumerable.Repeat($$$$$$"""{"rule":"{{{{{{Expensive}}}}}}"}""", 20));
        var schema = $$$$$$"""{"type":"object","properties":{"l":{"type":"array","items":{"type":"integer"},"x-kubernetes-validations":[{{{{{{rules}}}}}},{"rule":"false"}]},"z":{"type":"integer","x-kubernetes-validations":[{"rule":"false"}]}}}""";
        Check(schema, $$$$$$"""{"l":[{{{{{{Numbers(250)}}}}}}],"z":1}""").ShouldBe([$"l: Invalid value: \"array\": {OutOfBudget}"]);
        Check(schema, """{"l":[1],"z":1}""").ShouldBe(["l: Invalid value: \"array\": failed rule: false", "z: Invalid value: \"integer\": failed rule: false"]);
    }

    [Fact]
    public void A_message_that_costs_too_much_is_reported_instead()
    {
        var schema = $$$$$$"""{"type":"object","properties":{"l":{"type":"array","items":{"type":"integer"},"x-kubernetes-validations":[{"rule":"false","message":"never","messageExpression":"{{{{{{Expensive}}}}}} && {{{{{{Expensive}}}}}} ? 'a' : 'b'"},{"rule":"false"}]}}}""";
        Check(schema, $$$$$$"""{"l":[{{{{{{Numbers(250)}}}}}}]}""").ShouldBe([$"l: Invalid value: \"array\": no further validation rules will be run due to call cost exceeds limit for messageExpression: \"{Expensive} && {Expensive} ? 'a' : 'b'\""]);
    }

    [Fact]
    public void A_message_that_is_too_long_is_not_said() =>
        Check("""{"type":"object","properties":{"s":{"type":"string","x-kubernetes-validations":[{"rule":"false","message":"short","messageExpression":"self"}]}}}""", $$$$$$"""{"s":"{{{{{{new string('x', 5121)}}}}}}"}""")
            .ShouldBe(["s: Invalid value: \"string\": short"]);

    [Fact]
    public void What_types_cannot_tell_is_said_when_it_shows() =>
        Check("""{"type":"object","properties":{"p":{"x-kubernetes-int-or-string":true,"x-kubernetes-validations":[{"rule":"self > 5"}]}}}""", """{"p":"a"}""").ShouldHaveSingleItem()
            .ShouldEndWith("'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self > 5");

    private static string Numbers(int count) => string.Join(',', Enumerable.Range(0, count));

    private static IReadOnlyList<string> Compile(string schema)
    {
        var errors = new FieldErrors();
        SchemaRules.Compile(JsonSchema.Parse(JsonNode.Parse(schema)!.AsObject()), "schema", errors);
        return Texts(errors);
    }

    private static IReadOnlyList<string> Check(string schema, string obj, string? old = null)
    {
        var errors = new FieldErrors();
        var rules = SchemaRules.Compile(JsonSchema.Parse(JsonNode.Parse(schema)!.AsObject()), "", errors);
        Texts(errors).ShouldBeEmpty();
        rules!.Check(JsonNode.Parse(obj)!.AsObject(), old is null ? null : JsonNode.Parse(old)!.AsObject(), errors);
        return Texts(errors);
    }

    private static IReadOnlyList<string> Texts(FieldErrors errors) => [.. errors.Causes.Select(c => $"{c.Field}: {c.Message}")];
}
