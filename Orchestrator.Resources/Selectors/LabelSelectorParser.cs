using Orchestrator.Resources.Naming;

namespace Orchestrator.Resources.Selectors;

/// <summary>
/// Reads the text form of label selectors. Grammar and complaints are those of k8s.io/apimachinery/pkg/labels:
/// <code>
/// selector    = requirement { "," requirement }
/// requirement = [ "!" ] key | key ( "=" | "==" | "!=" | "&gt;" | "&lt;" ) [ value ] | key ( "in" | "notin" ) "(" [ value { "," value } ] ")"
/// </code>
/// A value may be empty, and may be spelled <c>in</c> or <c>notin</c>; a key may not.
/// </summary>
internal sealed class LabelSelectorParser
{
    private const string Operators = "in, notin, =, ==, !=, gt, lt";

    private readonly string _text;
    private int _next;
    private (Token Kind, string Text) _token;

    private LabelSelectorParser(string text)
    {
        _text = text;
        Advance();
    }

    private enum Token
    {
        Error,
        End,
        Word,
        In,
        NotIn,
        Not,
        Equal,
        DoubleEqual,
        NotEqual,
        Greater,
        Less,
        Open,
        Close,
        Comma,
    }

    public static List<Requirement> Parse(string text) => new LabelSelectorParser(text).Selector();

    private List<Requirement> Selector()
    {
        var requirements = new List<Requirement>();
        while (true)
        {
            if (_token.Kind == Token.End) return requirements;
            if (!IsValue(_token.Kind) && _token.Kind != Token.Not) throw Found("!, identifier, or 'end of string'");
            try
            {
                requirements.Add(Term());
            }
            catch (FormatException problem)
            {
                throw new FormatException($"unable to parse requirement: {problem.Message}", problem);
            }
            if (_token.Kind == Token.End) return requirements;
            if (_token.Kind != Token.Comma) throw Found("',' or 'end of string'");
            Advance();
            if (!IsValue(_token.Kind) && _token.Kind != Token.Not) throw Found("identifier after ','");
        }
    }

    private Requirement Term()
    {
        var negated = _token.Kind == Token.Not;
        if (negated) Advance();
        if (!IsValue(_token.Kind)) throw Found("identifier");
        var key = _token.Text;
        if (NameFormats.QualifiedName(key) is { Count: > 0 } wrong) throw new FormatException($"<nil>: Invalid value: \"{key}\": {string.Join("; ", wrong)}");
        Advance();
        if (negated) return Requirement.Create(key, SelectorOperator.DoesNotExist, []);
        if (_token.Kind is Token.End or Token.Comma) return Requirement.Create(key, SelectorOperator.Exists, []);
        SelectorOperator op = _token.Kind switch
        {
            Token.In => SelectorOperator.In,
            Token.NotIn => SelectorOperator.NotIn,
            Token.Equal => SelectorOperator.Equals,
            Token.DoubleEqual => SelectorOperator.DoubleEquals,
            Token.NotEqual => SelectorOperator.NotEquals,
            Token.Greater => SelectorOperator.GreaterThan,
            Token.Less => SelectorOperator.LessThan,
            _ => throw Found(Operators),
        };
        Advance();
        return Requirement.Create(key, op, op is SelectorOperator.In or SelectorOperator.NotIn ? ValueSet() : [SingleValue()]);
    }

    private string SingleValue()
    {
        if (_token.Kind is Token.End or Token.Comma) return "";
        if (!IsValue(_token.Kind)) throw Found("identifier");
        var value = _token.Text;
        Advance();
        return value;
    }

    private List<string> ValueSet()
    {
        if (_token.Kind != Token.Open) throw new FormatException($"found '{_token.Text}' expected: '('");
        Advance();
        if (!IsValue(_token.Kind) && _token.Kind is not (Token.Comma or Token.Close)) throw Found("',', ')' or identifier");
        var values = new List<string>();
        while (true)
        {
            // Between two commas, or a comma and a bracket, stands the empty value.
            if (IsValue(_token.Kind))
            {
                values.Add(_token.Text);
                Advance();
            }
            else if (_token.Kind is Token.Comma or Token.Close)
            {
                values.Add("");
            }
            else
            {
                throw Found("',', or identifier");
            }
            if (_token.Kind == Token.Close) break;
            if (_token.Kind != Token.Comma) throw Found("',' or ')'");
            Advance();
        }
        Advance();
        return values;
    }

    private FormatException Found(string expected) => new($"found '{_token.Text}', expected: {expected}");

    private static bool IsValue(Token token) => token is Token.Word or Token.In or Token.NotIn;

    private void Advance()
    {
        while (_next < _text.Length && _text[_next] is ' ' or '\t' or '\r' or '\n') _next++;
        if (_next == _text.Length) _token = (Token.End, "");
        else if (IsSymbol(_text[_next])) _token = Symbol();
        else _token = Word();
    }

    private (Token Kind, string Text) Symbol()
    {
        var two = _next + 1 < _text.Length ? _text.AsSpan(_next, 2) : [];
        (Token, string) token = two switch
        {
            "==" => (Token.DoubleEqual, "=="),
            "!=" => (Token.NotEqual, "!="),
            _ => _text[_next] switch
            {
                '=' => (Token.Equal, "="),
                '!' => (Token.Not, "!"),
                '(' => (Token.Open, "("),
                ')' => (Token.Close, ")"),
                ',' => (Token.Comma, ","),
                '>' => (Token.Greater, ">"),
                _ => (Token.Less, "<"),
            },
        };
        _next += token.Item2.Length;
        return token;
    }

    private (Token Kind, string Text) Word()
    {
        var start = _next;
        while (_next < _text.Length && !IsSymbol(_text[_next]) && _text[_next] is not (' ' or '\t' or '\r' or '\n')) _next++;
        var word = _text[start.._next];
        return (word switch { "in" => Token.In, "notin" => Token.NotIn, _ => Token.Word }, word);
    }

    private static bool IsSymbol(char c) => c is '=' or '!' or '(' or ')' or ',' or '>' or '<';
}
