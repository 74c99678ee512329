using System.Text.Json.Nodes;
using Orchestrator.Resources.Cel;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Cel;

/// <summary>The expression language against its specification: every case is an expression that must be true, or what is wrong with it.</summary>
public class CelExpressionTests
{
    private static readonly CelVariable[] Variables =
    [
        new("self", CelType.Object("object", () => new Dictionary<string, CelType>
        {
            ["name"] = CelType.String,
            ["replicas"] = CelType.Int,
            ["ratio"] = CelType.Double,
            ["tags"] = CelType.List(CelType.String, "set"),
            ["ports"] = CelType.List(CelType.Object("port", () => new Dictionary<string, CelType> { ["name"] = CelType.String, ["port"] = CelType.Int }), "map", ["name"]),
            ["labels"] = CelType.Map(CelType.String, CelType.String),
            ["when"] = CelType.Timestamp,
            ["long-name"] = CelType.String,
            ["in"] = CelType.Bool,
            ["missing"] = CelType.String,
            ["any"] = CelType.Dyn,
            ["maybe"] = CelType.String.OrNull(),
        })),
        new("old", CelType.Optional(CelType.Int)),
    ];

    private static readonly JsonObject Self = JsonNode.Parse("""
        {"name":"abc","replicas":3,"ratio":2,"tags":["a","b"],"ports":[{"name":"x","port":80},{"name":"y","port":90}],"labels":{"k":"v","l":"w"},
         "when":"2024-02-29T10:20:30Z","long-name":"n","in":true,"any":{"n":[1,2.5,"s",null]},"maybe":null}
        """)!.AsObject();

    [Theory]
    // literals and operators
    [InlineData("1 + 2 * 3 == 7 && -7 / 2 == -3 && -7 % 2 == -1 && 0x1F == 31")]
    [InlineData("-9223372036854775808 < 0 && 9223372036854775807 > 0")]
    [InlineData("1u + 2u == 3u && 1.5e3 == 1500.0 && .5 < 1.0")]
    [InlineData("1 < 1.5 && 2u > 1 && dyn(1) == 1.0 && dyn(1) != '1'")]
    [InlineData(@"'a\n\x41\u0042\101' == ""a\nABA"" && r'\d' == '\\d' && '''x'y''' == ""x'y"" && b'\xff' == b'\377'")]
    [InlineData("true || 1 / 0 == 1")]
    [InlineData("1 / 0 == 1 || true")]
    [InlineData("!(false && 1 / 0 == 1) && !(1 / 0 == 1 && false)")]
    [InlineData("true ? true : 1 / 0 == 1")]
    [InlineData("[1, 2] + [3] == [1, 2, 3] && 2 in [1, 2] && !(3 in [1, 2])")]
    [InlineData("{'a': 1, 'b': 2}.b == 2 && 'a' in {'a': 1} && {'a': dyn(1)} == {'a': dyn(1.0)} && {1: 'x'}[1] == 'x'")]
    [InlineData("'b' > 'a' && b'b' > b'a' && true > false")]
    [InlineData("type(1) == int && type('') == string && type([]) == list && type({}) == map && type(null) == null_type && type(type(1)) == type")]
    // fields
    [InlineData("self.name == 'abc' && self.replicas == 3 && self.ratio == 2.0 && self['name'] == 'abc'")]
    [InlineData("self.long__dash__name == 'n' && self.__in__")]
    [InlineData("has(self.name) && !has(self.missing) && has(self.any.n) && !has(self.any.m)")]
    [InlineData("self.maybe == null && self.any.n[3] == null && self.any.n[0] == 1 && self.any.n[1] == 2.5")]
    [InlineData("self.tags == ['b', 'a'] && self.tags != ['a']")]
    [InlineData("self.tags + ['a', 'c'] == ['a', 'b', 'c'] && size(self.ports) == 2 && self.ports.size() == 2")]
    [InlineData("self.labels.all(k, self.labels[k] != '') && self.labels.exists(k, k == 'l')")]
    // macros
    [InlineData("self.ports.all(p, p.port > 0) && self.ports.exists(p, p.name == 'y') && self.ports.exists_one(p, p.port == 80)")]
    [InlineData("self.ports.map(p, p.port) == [80, 90] && self.ports.filter(p, p.port > 80).map(p, p.name) == ['y'] && self.ports.map(p, p.port > 80, p.name) == ['y']")]
    [InlineData("[1, 2, 0].exists(i, 1 / i == 1) && ![0, 1].all(i, 1 / i == 2)")]
    [InlineData("[[1, 2], [3]].all(x, x.all(y, y > 0)) && [1].all(i, [2].all(i, i == 2) && i == 1)")]
    // conversions
    [InlineData("int('42') == 42 && int(2.9) == 2 && int(-2.9) == -2 && double('1.5') == 1.5 && string(1.5) == '1.5' && string(true) == 'true' && uint(3) == 3u && bool('true')")]
    [InlineData("string(b'abc') == 'abc' && bytes('abc') == b'abc' && string(duration('90s')) == '90s'")]
    // strings
    [InlineData("'abc'.startsWith('ab') && 'abc'.endsWith('bc') && 'abc'.contains('b') && 'abc'.matches('^[a-c]+$') && matches('x1', r'\\d')")]
    [InlineData("'a,b'.split(',') == ['a', 'b'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && ['a', 'b'].join('-') == 'a-b' && ''.split(',') == ['']")]
    [InlineData("'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && 'tacocat'.charAt(3) == 'o' && 'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3")]
    [InlineData("'héllo'.size() == 5 && 'AbC'.lowerAscii() == 'abc' && ' x '.trim() == 'x' && 'aaa'.replace('a', 'b', 2) == 'bba' && 'abc'.reverse() == 'cba'")]
    [InlineData("'%s has %d of %.2f: %x'.format(['a', 2, 1.005, 255]) == 'a has 2 of 1.00: ff' && '%s'.format([[1, 'a']]) == '[1, \"a\"]'")]
    [InlineData("'abc 123'.find('[0-9]+') == '123' && '1 2 3'.findAll('[0-9]') == ['1', '2', '3'] && '1 2 3'.findAll('[0-9]', 2).size() == 2")]
    // lists and sets
    [InlineData("[1, 3].isSorted() && ![3, 1].isSorted() && [3, 1].min() == 1 && [3, 1].max() == 3 && [3, 1].sum() == 4 && ['a', 'b', 'a'].indexOf('a') == 0 && ['a', 'b', 'a'].lastIndexOf('a') == 2")]
    [InlineData("sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], [1, 2]) && !sets.intersects([1], [2])")]
    // time
    [InlineData("self.when.getFullYear() == 2024 && self.when.getMonth() == 1 && self.when.getDate() == 29 && self.when.getDayOfMonth() == 28 && self.when.getHours('+02:00') == 12")]
    [InlineData("duration('1h30m') == duration('90m') && duration('1.5s').getMilliseconds() == 500 && self.when + duration('24h') > self.when && self.when - self.when == duration('0s')")]
    [InlineData("timestamp('2024-01-01T00:00:00Z') < self.when && timestamp(0) == timestamp('1970-01-01T00:00:00Z')")]
    // Kubernetes' libraries
    [InlineData("quantity('1.5Gi').isGreaterThan(quantity('1G')) && quantity('1k').asInteger() == 1000 && quantity('50M').add(quantity('20k')).sub(20).compareTo(quantity('50019980')) == 0 && isQuantity('20Mi') && !isQuantity('x') && !quantity('1500m').isInteger()")]
    [InlineData("ip('192.168.0.1').family() == 4 && isIP('::1') && !isIP('1.2.3.04') && ip('127.0.0.1').isLoopback() && ip('fe80::1').isLinkLocalUnicast() && ip.isCanonical('::1') && !ip.isCanonical('0:0:0:0:0:0:0:1')")]
    [InlineData("cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('::/0').prefixLength() == 0 && !isCIDR('10.0.0.0/33')")]
    [InlineData("url('https://user@example.com:80/a%20b?x=1&x=2').getHost() == 'example.com:80' && url('https://[::1]:80/').getHostname() == '::1' && url('https://e.com:8/p?x=1&x=2').getQuery()['x'] == ['1', '2'] && isURL('/a') && !isURL('a b')")]
    // optionals
    [InlineData("!old.hasValue() && old.orValue(5) == 5 && optional.of(1).value() == 1 && old.optMap(v, v + 1).orValue(0) == 0 && optional.of(1).optMap(v, v + 1).value() == 2")]
    [InlineData("self.?missing.orValue('d') == 'd' && self.?name.orValue('d') == 'abc' && self.labels[?'zz'].orValue('none') == 'none' && self.?any.n[0].hasValue()")]
    [InlineData("// a comment\nself.replicas > 0 // and another")]
    public void An_expression_holds(string expression) => CelProgram.Compile(expression, Variables, CelType.Bool).Run(CelValue.Of(Self, Variables[0].Type), CelOptional.None).ShouldBe(true);

    [Theory]
    [InlineData("self.nothing == 1", "undefined field 'nothing'")]
    [InlineData("other == 1", "undeclared reference to 'other'")]
    [InlineData("self.name == 1", "found no matching overload for '_==_' applied to '(string, int)'")]
    [InlineData("self.name + 1", "found no matching overload for '_+_' applied to '(string, int)'")]
    [InlineData("self.name.startsWith(1)", "found no matching overload for 'startsWith' applied to 'string.(int)'")]
    [InlineData("self.name.unknown()", "undeclared reference to 'unknown'")]
    [InlineData("self.name.all(x, true)", "cannot be range of a comprehension")]
    [InlineData("self.name.matches('[')", "invalid matches argument")]
    [InlineData("self.replicas", "must evaluate to bool")]
    [InlineData("self.replicas > ", "Syntax error: mismatched input '<EOF>'")]
    [InlineData("'open", "the string does not end")]
    [InlineData("1 +* 2", "Syntax error")]
    [InlineData("has(self)", "invalid argument to has() macro")]
    [InlineData("9223372036854775808 > 0", "invalid int literal")]
    [InlineData("self.replicas.x == 1", "type 'int' does not support field selection")]
    [InlineData("self.name && true", "found no matching overload for '_&&_'")]
    [InlineData("Foo{a: 1} == 1", "messages are not supported")]
    public void A_wrong_expression_is_refused_before_it_runs(string expression, string why) =>
        Should.Throw<CelCompileException>(() => CelProgram.Compile(expression, Variables, CelType.Bool)).Message.ShouldContain(why);

    [Theory]
    [InlineData("1 / 0 == 1", "division by zero")]
    [InlineData("self.missing == ''", "no such key: missing")]
    [InlineData("[1][1] == 1", "index out of bounds: 1")]
    [InlineData("9223372036854775807 + 1 > 0", "overflow")]
    [InlineData("int('x') == 1", "invalid syntax")]
    [InlineData("self.any.n > 1", "no such overload")]
    [InlineData("dyn('a') + 1 == 2", "no such overload")]
    [InlineData("optional.none().value() == 1", "optional.none() dereference")]
    [InlineData("quantity('x').isInteger()", "quantities must match")]
    public void An_expression_without_a_value_says_why(string expression, string why) =>
        Should.Throw<CelEvaluationException>(() => CelProgram.Compile(expression, Variables).Run(CelValue.Of(Self, Variables[0].Type), CelOptional.None)).Message.ShouldContain(why);

    [Fact]
    public void An_expression_that_costs_too_much_is_stopped()
    {
        var list = string.Join(',', Enumerable.Range(0, 200));
        var program = CelProgram.Compile($"[{list}].all(a, [{list}].all(b, [{list}].all(c, a + b + c >= 0)))", []);
        Should.Throw<CelEvaluationException>(() => program.Run()).Message.ShouldBe("operation cancelled: actual cost limit exceeded");
    }

    [Fact]
    public void Deep_nesting_is_refused_not_a_crash() =>
        Should.Throw<CelCompileException>(() => CelProgram.Compile(new string('(', 100_000) + "1" + new string(')', 100_000), [])).Message.ShouldContain("recursion limit");

    [Fact]
    public void The_place_of_a_mistake_is_shown() =>
        Should.Throw<CelCompileException>(() => CelProgram.Compile("self.name == 'a' &&\n  self.bad == 1", Variables)).Message
            .ShouldBe("ERROR: <input>:2:7: undefined field 'bad'\n |   self.bad == 1\n | ......^");
}
