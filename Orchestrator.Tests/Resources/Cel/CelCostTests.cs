using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;
using Orchestrator.Resources.Extensions;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Cel;

/// <summary>What evaluating costs. The numbers are upstream's (apiextensions-apiserver's TestCelCostStability): they decide which rules the limits stop.</summary>
public class CelCostTests
{
    private const string Schema = """
        {"type":"object","properties":{
          "n":{"type":"integer"},"m":{"type":"integer"},"r":{"type":"number"},"s":{"type":"string"},"b":{"type":"string","format":"byte"},"d":{"type":"string","format":"duration"},
          "l1":{"type":"array","items":{"type":"integer"}},"l2":{"type":"array","items":{"type":"integer"}},"array":{"type":"array","items":{"type":"integer"}},
          "objs":{"type":"array","items":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"string"}}}}},
          "a":{"type":"object","properties":{"b":{"type":"integer"}}},"a1":{"type":"object","properties":{"b1":{"type":"object","properties":{"c1":{"type":"integer"}}},"d2":{"type":"object","properties":{"e2":{"type":"integer"}}}}},
          "val":{"type":"object","additionalProperties":{"type":"integer"}},"k":{"type":"string"},"nothing":{"type":"string"},
          "listMap":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"string"},"v2":{"type":"string"}}}},
          "min":{"x-kubernetes-int-or-string":true},"current":{"type":"integer"},"available":{"type":"integer"},"strings":{"type":"array","items":{"type":"string"}}}}
        """;

    private const string Self = """
        {"n":5,"m":5,"r":10.5,"s":"Rook takes 👑","b":"QUI=","d":"1h2m3s4ms","l1":[1,2,3],"l2":[1,2,3],"array":[1,1,2,2,3,3,4,5],
         "objs":[[{"k":"a","v":"1"},{"k":"b","v":"2"}],[{"k":"b","v":"2"},{"k":"a","v":"1"}],[{"k":"b","v":"3"},{"k":"a","v":"1"}],[{"k":"c","v":"4"}]],
         "a":{"b":1},"a1":{"b1":{"c1":4}},"val":{"b":1,"d":2},"k":"b",
         "listMap":[{"k":"a1","v":"b1"},{"k":"a2","v":"b2"},{"k":"a3","v":"b3","v2":"z"}],"min":"50%","current":5,"available":10,"strings":["aa","bb"]}
        """;

    [Theory]
    // numbers and conversions
    [InlineData("self.n == self.m", 5)]
    [InlineData("type(self.n) == int", 4)]
    [InlineData("self.n + 1 == 5 + 1", 5)]
    [InlineData("double(self.n) < self.r", 6)]
    [InlineData("double(5) < 10.0", 1)]
    [InlineData("double(self.n) < 10.0", 4)]
    [InlineData("string(self.r) == '10.5'", 4)]
    // texts
    [InlineData("self.s.startsWith('Rook')", 4)]
    [InlineData("!self.s.startsWith('knight')", 5)]
    [InlineData("self.s.matches('^[^0-9]*$')", 8)]
    [InlineData("!self.s.matches('^[0-9]*$')", 7)]
    [InlineData("size(self.s) == 12", 4)]
    [InlineData("self.s.charAt(3) == 'k'", 4)]
    [InlineData("self.s.indexOf('o') == 1", 4)]
    [InlineData("self.s.indexOf('o', 2) == 2", 4)]
    [InlineData("self.s.replace(' ', 'x') == 'Rookxtakesx👑'", 7)]
    [InlineData("self.s.split(' ') == ['Rook', 'takes', '👑']", 6)]
    [InlineData("self.s.substring(5) == 'takes 👑'", 5)]
    [InlineData("self.s.substring(4, 10).trim() == 'takes'", 6)]
    [InlineData("self.s.upperAscii() == 'ROOK TAKES 👑'", 6)]
    [InlineData("size(self.b) == 2", 4)]
    [InlineData("self.d == duration('1h2m') + duration('3s4ms')", 4)]
    [InlineData("self.d.getHours() == 1", 4)]
    // lists and maps
    [InlineData("self.k in ['b', 'c']", 2)]
    [InlineData("1 in self.l1", 5)]
    [InlineData("self.l2[0] in self.l1", 8)]
    [InlineData("!(0 in self.l1)", 6)]
    [InlineData("self.l1 + self.l2 == [1, 2, 3, 1, 2, 3]", 6)]
    [InlineData("self.l1 + [4, 5] == [1, 2, 3, 4, 5]", 4)]
    [InlineData("self.objs[0] != self.objs[1]", 7)]
    [InlineData("self.objs[0] == [self.objs[0][0], self.objs[0][1]]", 22)]
    [InlineData("size(self.objs[0] + [self.objs[3][0]]) == 3", 20)]
    [InlineData("!('a' in self.val)", 4)]
    [InlineData("'b' in self.val", 3)]
    [InlineData("self.val == {'b': 1, 'd': 2}", 3)]
    // fields
    [InlineData("has(self.a.b)", 2)]
    [InlineData("has(self.a1.b1.c1)", 3)]
    [InlineData("!(has(self.a1.d2) && has(self.a1.d2.e2))", 3)]
    [InlineData("!has(self.val.a)", 3)]
    [InlineData("has(self.listMap[0].v)", 3)]
    // comprehensions
    [InlineData("self.val.all(k, self.val[k] > 0)", 17)]
    [InlineData("self.val.exists_one(k, self.val[k] == 2)", 14)]
    [InlineData("!self.val.exists_one(k, self.val[k] > 0)", 17)]
    [InlineData("size(self.val.filter(k, self.val[k] > 1)) == 1", 26)]
    [InlineData("self.listMap.all(m, m.k.startsWith('a'))", 21)]
    [InlineData("self.listMap.all(m, !has(m.v2) || m.v2 == 'z')", 21)]
    [InlineData("self.listMap.exists(m, m.k.endsWith('1'))", 13)]
    [InlineData("self.listMap.exists_one(m, m.k == 'a3')", 15)]
    [InlineData("!self.listMap.all(m, m.k.endsWith('1'))", 18)]
    [InlineData("!self.listMap.exists(m, m.v == 'x')", 25)]
    [InlineData("size(self.listMap.filter(m, m.k == 'a1')) == 1", 27)]
    [InlineData("self.listMap.exists(m, m.k == 'a1' && m.v == 'b1')", 16)]
    [InlineData("self.listMap.map(m, m.v).exists(v, v == 'b1')", 55)]
    [InlineData("self.listMap.exists(m, has(m.v2) && m.v2 == 'z')", 21)]
    [InlineData("!self.listMap.all(m, has(m.v2) && m.v2 != 'z')", 10)]
    [InlineData("self.listMap.filter(m, has(m.v2) && m.v2 == 'z').size() == 1", 24)]
    [InlineData("self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1", 25)]
    [InlineData("self.listMap.filter(m, has(m.v2) && m.v2 == 'z').map(m, m.v2).size() == 1", 39)]
    [InlineData("2 in self.array", 10)]
    [InlineData("self.array.all(e, e > 0)", 43)]
    [InlineData("self.array.exists(e, e > 2)", 36)]
    [InlineData("self.array.exists_one(e, e > 4)", 22)]
    [InlineData("!self.array.all(e, e < 2)", 21)]
    [InlineData("!self.array.exists(e, e < 0)", 52)]
    [InlineData("size(self.array.filter(e, e%2 == 0)) == 3", 68)]
    [InlineData("self.array.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)", 194)]
    // int-or-string
    [InlineData("type(self.min) == int ? self.min == 1 : self.min == '50%'", 7)]
    [InlineData("self.min == 1 || self.min == '50%'", 6)]
    [InlineData("self.min == '50%' || self.min == 1", 3)]
    [InlineData("self.min != ['anything']", 3)]
    [InlineData(@"type(self.min) == string && self.min.matches(r'(\d+(\.\d+)?%)')", 10)]
    [InlineData("type(self.min) == int ? self.current <= self.min : double(self.current) / double(self.available) >= double(self.min.replace('%', '')) / 100.0", 17)]
    // optionals
    [InlineData("optional.of('a') != optional.of('b')", 3)]
    [InlineData("optional.of('a') != optional.none()", 3)]
    [InlineData("optional.of('a').or(optional.of('a')).hasValue()", 2)]
    [InlineData("optional.none().or(optional.of('a')).hasValue()", 3)]
    [InlineData("optional.of('a').optMap(v, v == 'value').hasValue()", 8)]
    [InlineData("self.a.?b == optional.of(1)", 5)]
    [InlineData("self.?nothing == optional.none()", 3)]
    [InlineData("self.a.?b.orValue(1) == 1", 4)]
    [InlineData("self.val[?'b'] == optional.of(1)", 5)]
    // Kubernetes' libraries (k8s.io/apiserver pkg/cel/library)
    [InlineData("self.strings.isSorted()", 3 - 1)]
    [InlineData("self.strings.join('-') == 'aa-bb'", 4)]
    [InlineData("sets.contains(self.l1, self.l2)", 2 + 2 + 1 + 9)]
    [InlineData("!format.dns1123Label().validate('my-label-name').hasValue()", 1 + 16 + 1 + 1)]
    public void An_evaluation_costs_what_it_costs_upstream(string expression, long cost)
    {
        var type = SchemaTypes.Of(JsonSchema.Parse(JsonNode.Parse(Schema)!.AsObject()));
        var budget = CelProgram.RunLimit;
        CelProgram.Compile(expression, [new CelVariable("self", type)], CelType.Bool).Run(ref budget, CelValue.Of(JsonNode.Parse(Self), type)).ShouldBe(true);
        (CelProgram.RunLimit - budget).ShouldBe(cost);
    }

    [Fact]
    public void One_evaluation_may_cost_so_much_and_all_together_so_much_more()
    {
        var list = new CelVariable("list", CelType.List(CelType.Int));
        var items = new CelList([.. Enumerable.Range(0, 300).Select(i => (object?)(long)i)]);
        var cheap = CelProgram.Compile("list.all(a, list.all(b, a + b >= 0))", [list]); // about 600,000
        var dear = CelProgram.Compile("list.all(a, list.all(b, a + b >= 0)) && list.all(a, list.all(b, a + b >= 0))", [list]);

        var budget = CelProgram.RunLimit;
        Should.Throw<CelCostException>(() => dear.Run(ref budget, items)).Message.ShouldBe("operation cancelled: actual cost limit exceeded");
        budget.ShouldBeInRange(CelProgram.RunLimit - CelProgram.CallLimit - 10, CelProgram.RunLimit - CelProgram.CallLimit); // it was stopped, and paid for

        var runs = 0;
        Should.Throw<CelBudgetException>(() =>
        {
            for (; ; runs++) cheap.Run(ref budget, items);
        }).Message.ShouldBe("validation failed due to running out of cost budget, no further validation rules will be run");
        runs.ShouldBeInRange(10, 20);
        budget.ShouldBe(-1);
    }

    [Theory]
    [InlineData("list.all(a, list.all(b, list.all(c, true))) || true")]
    [InlineData("false && true || list.all(a, list.all(b, list.all(c, true))) || true")]
    [InlineData("list.exists(x, list.all(a, list.all(b, list.all(c, true))) || true)")]
    public void Nothing_in_an_expression_hides_what_it_costs(string expression)
    {
        var items = new CelList([.. Enumerable.Range(0, 300).Select(i => (object?)(long)i)]);
        Should.Throw<CelCostException>(() => CelProgram.Compile(expression, [new CelVariable("list", CelType.List(CelType.Int))]).Run(items));
    }

    [Fact]
    public void Joining_lists_copies_nothing()
    {
        // Sixty times twice as long: nobody could hold that, and upstream does not either.
        var expression = string.Concat(Enumerable.Repeat("[", 1)) + "[1]]" + string.Concat(Enumerable.Repeat(".map(x, x + x)", 30)) + ".all(x, size(x) == 1073741824 && x[1073741823] == 1)";
        CelProgram.Compile(expression, [], CelType.Bool).Run().ShouldBe(true);
        Should.Throw<CelCostException>(() => CelProgram.Compile(expression.Replace("size(x)", "x.sum()", StringComparison.Ordinal), []).Run());
    }
}
