using System.Globalization;
using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Extensions;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Extensions;

/// <summary>What rules cost at most by their schema. The numbers are upstream's (apiextensions-apiserver's TestCostEstimation and its validation tests).</summary>
public class SchemaRuleCostTests
{
    private const string Pair = """{"type":"object","properties":{"required":{"type":"string"},"optional":{"type":"string"}},"required":["required"]}""";

    // A schema; MAX stands where a limit is set in the second case and left out in the first.
    private static readonly Dictionary<string, string> Schemas = new(StringComparer.Ordinal)
    {
        ["numbers"] = """{"type":"array","items":{"type":"number"}MAXITEMS}""",
        ["strings"] = """{"type":"array","items":{"type":"string"}MAXITEMS}""",
        ["booleans"] = """{"type":"array","items":{"type":"boolean"}MAXITEMS}""",
        ["number lists"] = """{"type":"array","items":{"type":"array","items":{"type":"number"}}MAXITEMS}""",
        ["objects"] = $$$$$$"""{"type":"array","items":{{{{{{Pair}}}}}}MAXITEMS}""",
        ["number maps"] = """{"type":"array","items":{"type":"object","additionalProperties":{"type":"number"}}MAXITEMS}""",
        ["int-or-strings"] = """{"type":"array","items":{"x-kubernetes-int-or-string":true}MAXITEMS}""",
        ["durations"] = """{"type":"array","items":{"type":"string","format":"duration"}MAXITEMS}""",
        ["dates"] = """{"type":"array","items":{"type":"string","format":"date"}MAXITEMS}""",
        ["date-times"] = """{"type":"array","items":{"type":"string","format":"date-time"}MAXITEMS}""",
        ["map of numbers"] = """{"type":"object","additionalProperties":{"type":"number"}MAXPROPERTIES}""",
        ["map of integers"] = """{"type":"object","additionalProperties":{"type":"integer"}MAXPROPERTIES}""",
        ["map of strings"] = """{"type":"object","additionalProperties":{"type":"string"}MAXPROPERTIES}""",
        ["map of booleans"] = """{"type":"object","additionalProperties":{"type":"boolean"}MAXPROPERTIES}""",
        ["map of int-or-strings"] = """{"type":"object","additionalProperties":{"x-kubernetes-int-or-string":true}MAXPROPERTIES}""",
        ["map of durations"] = """{"type":"object","additionalProperties":{"type":"string","format":"duration"}MAXPROPERTIES}""",
        ["map of dates"] = """{"type":"object","additionalProperties":{"type":"string","format":"date"}MAXPROPERTIES}""",
        ["map of date-times"] = """{"type":"object","additionalProperties":{"type":"string","format":"date-time"}MAXPROPERTIES}""",
        ["map of objects"] = $$$$$$"""{"type":"object","additionalProperties":{{{{{{Pair}}}}}}MAXPROPERTIES}""",
        ["map of number maps"] = """{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":"number"}}MAXPROPERTIES}""",
        ["map of number lists"] = """{"type":"object","additionalProperties":{"type":"array","items":{"type":"number"}}MAXPROPERTIES}""",
        ["map of bounded strings"] = """{"type":"object","additionalProperties":{"type":"string"MAXLENGTH}MAXPROPERTIES}""",
        ["bounded strings"] = """{"type":"array","items":{"type":"string"MAXLENGTH}MAXITEMS}""",
        ["string"] = """{"type":"string"MAXLENGTH}""",
        ["bytes"] = """{"type":"string","format":"byte"MAXLENGTH}""",
        ["enum"] = """{"type":"string","enum":["A","B","C","LongValue"]MAXLENGTH}""",
        ["nested"] = $$$$$$"""{"type":"array","items":{"type":"object","additionalProperties":{{{{{{Pair}}}}}}MAXPROPERTIES}MAXITEMS}""",
        ["nested, list unbounded"] = $$$$$$"""{"type":"array","items":{"type":"object","additionalProperties":{{{{{{Pair}}}}}}MAXPROPERTIES}}""",
        ["replace"] = """{"type":"object","properties":{"str":{"type":"string"MAXLENGTH},"before":{"type":"string","maxLength":2},"after":{"type":"string","maxLength":4}}}""",
        ["split"] = """{"type":"object","properties":{"str":{"type":"string"MAXLENGTH},"separator":{"type":"string"MAXLENGTH}}}""",
    };

    [Theory]
    [InlineData("numbers", "self.all(x, true)", 4718591, 10, 32)]
    [InlineData("strings", "self.all(x, true)", 3145727, 20, 62)]
    [InlineData("booleans", "self.all(x, true)", 1887437, 5, 17)]
    [InlineData("number lists", "self.all(x, true)", 3145727, 100, 302)]
    [InlineData("objects", "self.all(x, true)", 555128, 50, 152)]
    [InlineData("map of numbers", "self.all(x, true)", 1348169, 10, 32)]
    [InlineData("map of numbers", "has(self.x)", 1, 100, 1)]
    [InlineData("map of strings", "self.all(x, true)", 1179647, 3, 11)]
    [InlineData("map of booleans", "self.all(x, true)", 943718, 100, 302)]
    [InlineData("string", "self.contains('test')", 314574, 10, 5)]
    [InlineData("string", "self.startsWith('test')", 2, 15, 2)]
    [InlineData("string", "self.endsWith('test')", 2, 30, 2)]
    [InlineData("string", "size(self + \"hello\") > size(\"hello\")", 314578, 4, 7)]
    [InlineData("numbers", "self[1] == 0.0", 2, 5000, 2)]
    [InlineData("strings", "self[1] == self[1]", 314577, 8, 314577)]
    [InlineData("numbers", "self.all(x, self.all(y, true))", 0, 10, 352)]
    [InlineData("numbers", "self.all(x, self.all(y, self.all(z, true)))", 0, 10, 3552)]
    [InlineData("string", "self.matches(\"x\")", 314574, 50, 22)]
    [InlineData("string", "\"\".matches(\"(((((((((())))))))))[0-9]\")", 7, 10, 7)]
    [InlineData("string", "self.matches(\"\")", 1, 100, 1)]
    [InlineData("map of bounded strings", "self.all(x, x.contains(self[x]))", 2752507, 10, 72)]
    [InlineData("numbers", "self[3] == 0.0", 2, 0, 2)]
    [InlineData("map of numbers", "self[\"x\"] == 0.0", 2, 0, 2)]
    [InlineData("string", "self == \"x\"", 2, 0, 1)]
    [InlineData("bytes", "self == b\"x\"", 2, 0, 1)]
    [InlineData("numbers", "self.all(x, x == 0.0)", 6291454, 6291456, 25165826)]
    [InlineData("nested", "self.all(x, x[\"y\"].required == \"z\")", 7340027, 10, 72)]
    [InlineData("nested, list unbounded", "self.all(x, x[\"y\"].required == \"z\")", 7340027, 10, 7340027)]
    [InlineData("int-or-strings", "self.all(x, true)", 4718591, 10, 32)]
    [InlineData("int-or-strings", "self[0] == 5", 3, 10, 3)]
    [InlineData("booleans", "self[0] == false", 2, 25, 2)]
    [InlineData("objects", "self[0] == null", 2, 422, 2)]
    [InlineData("number lists", "self[0][0] == -1.0", 3, 51, 3)]
    [InlineData("number maps", "self.all(x, x.y == 25.2)", 6291452, 12, 74)]
    [InlineData("number maps", "self[0].x > 2.0", 4, 3000, 4)]
    [InlineData("durations", "self.all(x, true)", 2359295, 5, 17)]
    [InlineData("durations", "self[0].getHours() == 2", 4, 525, 4)]
    [InlineData("dates", "self.all(x, true)", 725936, 15, 47)]
    [InlineData("dates", "self[2].getDayOfMonth() == 13", 4, 42, 4)]
    [InlineData("date-times", "self.all(x, true)", 428963, 25, 77)]
    [InlineData("date-times", "self[2].getMinutes() == 45", 4, 99, 4)]
    [InlineData("map of int-or-strings", "self.all(x, true)", 1348169, 15, 47)]
    [InlineData("map of objects", "self.all(x, true)", 428963, 20, 62)]
    [InlineData("map of number maps", "self.all(x, true)", 1179647, 10, 32)]
    [InlineData("map of number lists", "self.all(x, true)", 1179647, 25, 77)]
    [InlineData("map of durations", "self.all(x, true)", 1048577, 5, 17)]
    [InlineData("map of dates", "self.all(x, true)", 524288, 10, 32)]
    [InlineData("map of date-times", "self.all(x, true)", 349526, 25, 77)]
    [InlineData("string", "self.find('[0-9]+') == ''", 629147, 10, 11)]
    [InlineData("bounded strings", "self.join(' ') == 'aa bb'", 329853068905, 10, 43)]
    [InlineData("bounded strings", "self.isSorted() == true", 329854432052, 10, 52)]
    [InlineData("replace", "self.str.replace(self.before, self.after) == 'does not matter'", 629154, 4, 12)]
    [InlineData("split", "self.str.split(self.separator) == []", 629160, 10, 22)]
    [InlineData("string", "self.lowerAscii() == 'lower!'", 314575, 10, 6)]
    [InlineData("map of integers", "oldSelf.size() == self.size()", 5, 10, 5)]
    [InlineData("map of date-times", "self[\"a\"] == self[\"b\"]", 8, 7, 8)]
    [InlineData("map of durations", "self[\"c\"] == self[\"d\"]", 8, 42, 8)]
    [InlineData("enum", "self.contains('A')", 2, 1000, 401)]
    public void A_rule_is_reckoned_as_upstream_reckons_it(string schema, string rule, long unlimited, int limit, long limited)
    {
        var most = Estimate(Limited(schema, null), rule);
        if (unlimited > 0) most.ShouldBe((ulong)unlimited);
        else most.ShouldBeGreaterThan(10_000_000UL); // upstream gives no number, only that it is too much
        Estimate(Limited(schema, limit), rule).ShouldBe((ulong)limited);
    }

    [Fact]
    public void A_rule_that_could_cost_too_much_is_refused_with_its_definition()
    {
        const string Rule = "\"x-kubernetes-validations\":[{\"rule\":\"self.contains('keyword')\"}]";
        const string List = """{"type":"object","properties":{"list":{"type":"array"MAX,"items":{"type":"string","maxLength":500000,RULE}}}}""";
        string Schema(string max) => List.Replace("MAX", max, StringComparison.Ordinal).Replace("RULE", Rule, StringComparison.Ordinal);

        // 200,001 each, as often as a text of two quotes and a comma fits into a request.
        Check(Schema("")).ShouldBe(
        [
            "s.properties[list].items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)",
            "s.properties[list].items.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
            "s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)",
        ]);
        Check(Schema(",\"maxItems\":49")).ShouldBeEmpty();
        Check(Schema(",\"maxItems\":50")).ShouldHaveSingleItem().ShouldContain("budget by factor of 1.000005x (try");
        Check(Schema(",\"maxItems\":100")).ShouldHaveSingleItem().ShouldContain("budget by factor of 2.0x (try");
    }

    [Fact]
    public void Rules_that_are_fine_alone_may_be_too_much_together()
    {
        var fields = string.Join(',', Enumerable.Range(0, 12).Select(i => $$$$$$"""
            "f{{{{{{i}}}}}}":{"type":"array","maxItems":49,"items":{"type":"string","maxLength":500000,"x-kubernetes-validations":[{"rule":"self.contains('keyword')"}]}}
            """));
        var errors = Check($$$$$$"""{"type":"object","properties":{{{{{{{fields}}}}}}}}""");
        errors.Count.ShouldBe(5);
        errors.Take(4).ShouldAllBe(e => e.EndsWith("x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema", StringComparison.Ordinal));
        errors[4].ShouldStartWith("s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1.176006x");
    }

    [Fact]
    public void A_message_that_could_cost_too_much_is_refused()
    {
        var errors = Check("""{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"x-kubernetes-validations":[{"rule":"true","messageExpression":"self.a.contains(self.b) ? 'x' : 'y'"}]}""");
        errors[0].ShouldStartWith("s.x-kubernetes-validations[0].messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x");
    }

    [Fact]
    public void A_schema_that_is_there_already_keeps_its_rules()
    {
        const string Schema = """{"type":"object","properties":{"list":{"type":"array","maxItems":100,"items":{"type":"string","maxLength":500000,"x-kubernetes-validations":[{"rule":"self.contains('keyword')"}]}}}}""";
        Check(Schema).ShouldHaveSingleItem();
        Check(Schema, known: true).ShouldBeEmpty();
    }

    [Theory]
    // Rules as they stand in definitions that are in use (Gateway API, Karpenter, cert-manager, Cluster API), with the limits they have there.
    [InlineData("""{"type":"object","properties":{"spec":{"type":"object","properties":{"listeners":{"type":"array","maxItems":64,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name","port","protocol"],"properties":{"name":{"type":"string","maxLength":253},"hostname":{"type":"string","maxLength":253},"port":{"type":"integer","format":"int32"},"protocol":{"type":"string","maxLength":255},"tls":{"type":"object","properties":{"mode":{"type":"string","enum":["Terminate","Passthrough"]},"certificateRefs":{"type":"array","maxItems":64,"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string","maxLength":253}}}},"options":{"type":"object","maxProperties":16,"additionalProperties":{"type":"string","maxLength":4096}}},"x-kubernetes-validations":[{"rule":"self.mode == 'Terminate' ? size(self.certificateRefs) > 0 || size(self.options) > 0 : true"}]}}},"x-kubernetes-validations":[{"rule":"self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)"},{"rule":"self.all(l1, self.exists_one(l2, l1.name == l2.name))"},{"rule":"self.all(l1, self.exists_one(l2, l1.port == l2.port && l1.protocol == l2.protocol && (has(l1.hostname) && has(l2.hostname) ? l1.hostname == l2.hostname : !has(l1.hostname) && !has(l2.hostname))))"}]}}}}}""")]
    [InlineData("""{"type":"object","properties":{"spec":{"type":"object","properties":{"requirements":{"type":"array","maxItems":100,"items":{"type":"object","required":["key","operator"],"properties":{"key":{"type":"string","maxLength":316,"x-kubernetes-validations":[{"rule":"self in ['beta.kubernetes.io/instance-type', 'kubernetes.io/arch'] || !self.find('^([^/]+)').endsWith('kubernetes.io')"},{"rule":"self != 'kubernetes.io/hostname'"}]},"operator":{"type":"string","enum":["In","NotIn","Exists"]},"values":{"type":"array","maxItems":50,"items":{"type":"string","maxLength":63}}}},"x-kubernetes-validations":[{"rule":"self.all(x, x.operator == 'In' ? x.values.size() != 0 : true)"}]},"taints":{"type":"array","items":{"type":"object","properties":{"key":{"type":"string"}}}}}}}}""")]
    [InlineData("""{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-validations":[{"rule":"self == oldSelf","message":"immutable"},{"rule":"has(self.a) != has(self.b)"},{"rule":"!has(self.a) || self.a.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')"}],"properties":{"a":{"type":"string"},"b":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"replicas":{"type":"integer","x-kubernetes-validations":[{"rule":"self >= oldSelf || self == 0"}]}}}},"x-kubernetes-validations":[{"rule":"self.metadata.name.size() <= 63"},{"rule":"!has(self.spec) || !has(self.spec.replicas) || self.spec.replicas < 10"}]}""")]
    [InlineData("""{"type":"object","properties":{"labels":{"type":"object","maxProperties":64,"additionalProperties":{"type":"string","maxLength":63},"x-kubernetes-validations":[{"rule":"self.all(key, !format.qualifiedName().validate(key).hasValue() && !format.labelValue().validate(self[key]).hasValue())"}]},"subnet":{"type":"string","maxLength":43,"x-kubernetes-validations":[{"rule":"isCIDR(self) && cidr(self).prefixLength() <= 28"}]},"size":{"x-kubernetes-int-or-string":true,"maxLength":20,"x-kubernetes-validations":[{"rule":"type(self) == int ? self > 0 : isQuantity(self) && quantity(self).isGreaterThan(quantity('1Mi'))"}]}}}""")]
    public void Rules_of_definitions_in_use_are_not_refused(string schema) => Check(schema).ShouldBeEmpty();

    private static ulong Estimate(string schema, string rule)
    {
        var parsed = JsonSchema.Parse(JsonNode.Parse(schema)!.AsObject());
        var type = SchemaTypes.Of(parsed);
        return CelProgram.Estimate(rule, [new CelVariable("self", type), new CelVariable("oldSelf", type)], SchemaSizes.Of(parsed)!).Max;
    }

    private static string Limited(string schema, int? limit)
    {
        string With(string keyword) => limit is { } value ? string.Create(CultureInfo.InvariantCulture, $",\"{keyword}\":{value}") : "";
        return Schemas[schema].Replace("MAXITEMS", With("maxItems"), StringComparison.Ordinal).Replace("MAXPROPERTIES", With("maxProperties"), StringComparison.Ordinal).Replace("MAXLENGTH", With("maxLength"), StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Check(string schema, bool known = false)
    {
        var errors = new FieldErrors();
        StructuralSchemas.Validate(JsonNode.Parse(schema)!.AsObject(), "s", known, errors);
        return [.. errors.Causes.Select(c => $"{c.Field}: {c.Message}")];
    }
}
