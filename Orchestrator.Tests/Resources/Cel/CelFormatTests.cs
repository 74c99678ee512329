using Orchestrator.Resources.Cel;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Resources.Cel;

/// <summary>The library of named formats, and <c>format</c> on texts.</summary>
public class CelFormatTests
{
    [Theory]
    [InlineData("dns1123Label", "my-label-name", "my.name")]
    [InlineData("dns1123Subdomain", "apiextensions.k8s.io", "Upper.case")]
    [InlineData("dns1035Label", "my-label", "1abc")]
    [InlineData("qualifiedName", "apiextensions.k8s.io/v1beta1", "a/b/c")]
    [InlineData("dns1123LabelPrefix", "my-label-prefix-", "my-label-prefix-.")]
    [InlineData("dns1123SubdomainPrefix", "mysubdomain.prefix.a-", "-a")]
    [InlineData("dns1035LabelPrefix", "my-label-prefix-", "1a-")]
    [InlineData("labelValue", "", "-a")]
    [InlineData("uri", "http://example.com", "example")]
    [InlineData("uri", "/path", "")]
    [InlineData("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456")]
    [InlineData("uuid", "123E4567e89b12d3a456-426614174000", "")]
    [InlineData("byte", "aGVsbG8=", "aGVsbG8")]
    [InlineData("byte", "aGVsbG==", "aGVs bG8=")]
    [InlineData("byte", "aGVs", "")]
    [InlineData("date", "2021-01-01", "2021-13-01")]
    [InlineData("datetime", "2021-01-01T00:00:00Z", "2021-01-01")]
    public void A_format_accepts_what_has_its_form(string name, string good, string bad)
    {
        Holds($"!format.{name}().validate('{good}').hasValue() && format.{name}().validate('{bad}').value().size() > 0").ShouldBe(true);
        Holds($"!format.named('{name}').value().validate('{good}').hasValue() && format.named('{name}').value() == format.{name}()").ShouldBe(true);
    }

    [Theory]
    [InlineData("format.dns1035Label().validate('1a').value()", "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')")]
    [InlineData("format.uri().validate('x y').value()", "parse \"x y\": invalid URI for request")]
    [InlineData("format.uri().validate('').value()", "parse \"\": empty url")]
    [InlineData("format.uuid().validate('x').value()", "does not match the UUID format")]
    [InlineData("format.byte().validate('x').value()", "invalid base64")]
    [InlineData("format.date().validate('x').value()", "invalid date")]
    [InlineData("format.datetime().validate('x').value()", "invalid datetime")]
    public void What_is_wrong_is_said_in_upstreams_words(string expression, string problem) => ((CelList)CelProgram.Compile(expression, []).Run()!).Items.ShouldBe([problem]);

    [Theory]
    [InlineData("!format.named('nothing').hasValue() && format.named('uuid').hasValue()")]
    [InlineData("format.dns1123Label() == format.dns1123Label() && format.dns1123Label() != format.uuid()")]
    [InlineData("format.dns1123Label().validate('a').orValue([]).join('; ') == ''")]
    public void Formats_are_values(string expression) => Holds(expression).ShouldBe(true);

    [Theory]
    [InlineData("format.nothing()", "undeclared reference to")]
    [InlineData("format.uuid().validate(1)", "found no matching overload for 'validate' applied to 'kubernetes.NamedFormat.(int)'")]
    [InlineData("'%d'.format(['a'])", "error during formatting: decimal clause can only be used on integers, was given string")]
    [InlineData("'%f'.format([1])", "error during formatting: fixed-point clause can only be used on doubles, was given int")]
    [InlineData("'%e'.format([true])", "error during formatting: scientific clause can only be used on doubles, was given bool")]
    [InlineData("'%b'.format([1.0])", "error during formatting: only integers and bools can be formatted as binary, was given double")]
    [InlineData("'%x'.format([1.0])", "error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given double")]
    [InlineData("'%o'.format(['1'])", "error during formatting: octal clause can only be used on integers, was given string")]
    [InlineData("'%s'.format([optional.none()])", "error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given optional_type")]
    [InlineData("'%s %s'.format(['a'])", "index 1 out of range")]
    [InlineData("'%s'.format(['a', 'b'])", "too many arguments supplied to string.format (expected 1, got 2)")]
    [InlineData("'%q'.format(['a'])", "could not parse formatting clause: unrecognized formatting clause \"q\"")]
    [InlineData("'%'.format(['a'])", "unexpected end of string")]
    [InlineData("'%.2'.format([1.0])", "could not parse formatting clause: error while parsing precision: could not find end of precision specifier")]
    public void A_wrong_format_is_refused_before_it_runs(string expression, string why) => Should.Throw<CelCompileException>(() => CelProgram.Compile(expression, [])).Message.ShouldContain(why);

    [Theory]
    [InlineData("'%d'.format([dyn('a')])", "error during formatting: decimal clause can only be used on integers, was given string")]
    [InlineData("dyn('%d %d').format([1])", "index 1 out of range")]
    [InlineData("('%' + 's').format([dyn(format.uuid())])", "error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given kubernetes.NamedFormat")]
    public void What_only_shows_when_it_runs_says_why(string expression, string why) => Should.Throw<CelEvaluationException>(() => CelProgram.Compile(expression, []).Run()).Message.ShouldBe(why);

    [Theory]
    [InlineData("'%s|%s|%s|%s'.format(['a', 1, true, null])", "a|1|true|null")]
    [InlineData("'%s'.format([[1, 'a', 2.5, b'x', null, [true]]])", "[1, \"a\", 2.500000, b\"x\", null, [true]]")]
    [InlineData("'%s'.format([{'b': 1, 'a': 'x\\n', 'c': duration('90s')}])", "{\"a\":\"x\\n\", \"b\":1, \"c\":duration(\"90s\")}")]
    [InlineData("'%s %s'.format([int, type('')])", "int string")]
    [InlineData("'%s'.format([timestamp('2024-02-29T10:20:30Z')])", "2024-02-29T10:20:30Z")]
    [InlineData("'%d%%'.format([-12])", "-12%")]
    [InlineData("'%.2f %f'.format([1234.5, 0.5])", "1,234.50 0.500000")]
    [InlineData("'%f %f'.format(['NaN', '-Infinity'])", "NaN -∞")]
    [InlineData("'%.6e'.format([1052.032911275])", "1.052033\u202f\u00d7\u202f10\u2070\u00b3")]
    [InlineData("'%b %b %b'.format([5, true, -5])", "101 1 -101")]
    [InlineData("'%x %X %x %X %x'.format([255, 255, 'hi', b'hi', -255])", "ff FF 6869 6869 -ff")]
    [InlineData("'%o %o'.format([11, 11u])", "13 13")]
    public void A_text_is_formatted_as_upstream_formats_it(string expression, string text) => CelProgram.Compile(expression, []).Run().ShouldBe(text);

    private static object? Holds(string expression) => CelProgram.Compile(expression, [], CelType.Bool).Run();
}
