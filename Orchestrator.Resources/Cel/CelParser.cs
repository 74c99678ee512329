namespace Orchestrator.Resources.Cel;

/// <summary>Parses the grammar of CEL, macros included. Throws <see cref="CelCompileException"/> with the place of what is wrong.</summary>
internal sealed class CelParser
{
    private const int MaxDepth = 200;

    private static readonly HashSet<string> Macros = ["all", "exists", "exists_one", "existsOne", "filter", "map", "optMap", "optFlatMap"];
    private static readonly HashSet<string> Reserved =
        ["as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"];

    private readonly List<CelToken> _tokens;
    private int _at;
    private int _depth;

    private CelParser(string text) => _tokens = CelLexer.Split(text);

    internal static CelNode Parse(string text)
    {
        try
        {
            var parser = new CelParser(text);
            var node = parser.Expression();
            return parser.Next.Kind == CelTokenKind.End ? node : throw parser.Unexpected("<EOF>");
        }
        catch (CelCompileException e)
        {
            throw new CelCompileException(text, e.Position, e.Why);
        }
    }

    private CelToken Next => _tokens[_at];

    private bool Take(string sign)
    {
        if (Next.Kind != CelTokenKind.Sign || Next.Text != sign) return false;
        _at++;
        return true;
    }

    private void Expect(string sign)
    {
        if (!Take(sign)) throw Unexpected($"'{sign}'");
    }

    private CelCompileException Unexpected(string wanted) => new(Next.At, $"Syntax error: mismatched input '{Next.Text}' expecting {wanted}");

    private CelNode Expression()
    {
        if (++_depth > MaxDepth) throw new CelCompileException(Next.At, $"expression recursion limit exceeded: {MaxDepth}");
        var node = Or();
        if (Next is { Kind: CelTokenKind.Sign, Text: "?" } question)
        {
            _at++;
            var yes = Or();
            Expect(":");
            node = new CelConditional(question.At, node, yes, Expression());
        }
        _depth--;
        return node;
    }

    private CelNode Or()
    {
        var left = And();
        while (Next is { Kind: CelTokenKind.Sign, Text: "||" } sign)
        {
            _at++;
            left = new CelLogic(sign.At, true, left, And());
        }
        return left;
    }

    private CelNode And()
    {
        var left = Relation();
        while (Next is { Kind: CelTokenKind.Sign, Text: "&&" } sign)
        {
            _at++;
            left = new CelLogic(sign.At, false, left, Relation());
        }
        return left;
    }

    private CelNode Relation()
    {
        var left = Sum();
        while (Next is { Kind: CelTokenKind.Sign, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" } or { Kind: CelTokenKind.Name, Text: "in" })
        {
            var sign = _tokens[_at++];
            left = new CelCall(sign.At, null, sign.Text == "in" ? "@in" : $"_{sign.Text}_", [left, Sum()]);
        }
        return left;
    }

    private CelNode Sum()
    {
        var left = Product();
        while (Next is { Kind: CelTokenKind.Sign, Text: "+" or "-" } sign)
        {
            _at++;
            left = new CelCall(sign.At, null, $"_{sign.Text}_", [left, Product()]);
        }
        return left;
    }

    private CelNode Product()
    {
        var left = Unary();
        while (Next is { Kind: CelTokenKind.Sign, Text: "*" or "/" or "%" } sign)
        {
            _at++;
            left = new CelCall(sign.At, null, $"_{sign.Text}_", [left, Unary()]);
        }
        return left;
    }

    private CelNode Unary()
    {
        if (Next is not { Kind: CelTokenKind.Sign, Text: "!" or "-" } sign) return Member();
        _at++;
        if (++_depth > MaxDepth) throw new CelCompileException(sign.At, $"expression recursion limit exceeded: {MaxDepth}");
        var of = Unary();
        _depth--;
        if (sign.Text == "-" && of is CelLiteral { Value: var value } && _tokens[_at - 1].Kind == CelTokenKind.Literal)
        {
            switch (value)
            {
                case long whole: return new CelLiteral(sign.At, -whole);
                case double real: return new CelLiteral(sign.At, -real);
                case CelLargestMagnitude: return new CelLiteral(sign.At, long.MinValue);
            }
        }
        return new CelCall(sign.At, null, sign.Text == "!" ? "!_" : "-_", [of]);
    }

    private CelNode Member()
    {
        var node = Primary();
        while (true)
        {
            var token = Next;
            if (Take("["))
            {
                var optional = Take("?");
                var key = Expression();
                Expect("]");
                node = new CelIndex(token.At, node, key, optional);
            }
            else if (Take("."))
            {
                var optional = Take("?");
                var name = Identifier(member: true);
                if (!optional && Next is { Kind: CelTokenKind.Sign, Text: "(" } open)
                {
                    _at++;
                    node = Method(node, name, open.At);
                }
                else node = new CelSelect(token.At, node, name, optional);
            }
            else return node;
        }
    }

    private CelNode Method(CelNode target, string name, int at)
    {
        var arguments = Arguments(")");
        if (!Macros.Contains(name) || arguments.Count < 2 || (arguments.Count == 3 && name != "map") || arguments.Count > 3) return new CelCall(at, target, name, arguments);
        if (arguments[0] is not CelName variable) throw new CelCompileException(arguments[0].At, "argument must be a simple name");
        return new CelMacro(at, name == "existsOne" ? "exists_one" : name, target, variable.Name, [.. arguments.Skip(1)]);
    }

    private CelNode Primary()
    {
        var token = Next;
        switch (token.Kind)
        {
            case CelTokenKind.Literal:
                _at++;
                return new CelLiteral(token.At, token.Value);
            case CelTokenKind.Name:
                return Named();
            case CelTokenKind.Sign when Take("("):
                var inner = Expression();
                Expect(")");
                return inner;
            case CelTokenKind.Sign when Take("["):
                return new CelListLiteral(token.At, Arguments("]"));
            case CelTokenKind.Sign when Take("{"):
                return new CelMapLiteral(token.At, Entries());
            case CelTokenKind.Sign when token.Text == "." && _tokens[_at + 1].Kind == CelTokenKind.Name:
                _at++; // a name from the root
                return Named();
            default:
                throw new CelCompileException(token.At, $"Syntax error: mismatched input '{token.Text}' expecting {{'[', '{{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}}");
        }
    }

    private CelNode Named()
    {
        var token = Next;
        var name = Identifier(member: false);
        switch (name)
        {
            case "true": return new CelLiteral(token.At, true);
            case "false": return new CelLiteral(token.At, false);
            case "null": return new CelLiteral(token.At, null);
        }
        if (Next is { Kind: CelTokenKind.Sign, Text: "{" }) throw new CelCompileException(Next.At, "messages are not supported");
        if (!Take("(")) return new CelName(token.At, name);
        var arguments = Arguments(")");
        if (name != "has" || arguments.Count != 1) return new CelCall(token.At, null, name, arguments);
        return arguments[0] is CelSelect { Optional: false } select ? new CelHas(token.At, select.Of, select.Field) : throw new CelCompileException(arguments[0].At, "invalid argument to has() macro");
    }

    private List<CelNode> Arguments(string end)
    {
        var list = new List<CelNode>();
        while (!Take(end))
        {
            list.Add(Expression());
            if (Take(",")) continue; // one may stand at the end
            Expect(end);
            break;
        }
        return list;
    }

    private List<(CelNode, CelNode)> Entries()
    {
        var entries = new List<(CelNode, CelNode)>();
        while (!Take("}"))
        {
            var key = Expression();
            Expect(":");
            entries.Add((key, Expression()));
            if (Take(",")) continue;
            Expect("}");
            break;
        }
        return entries;
    }

    private string Identifier(bool member)
    {
        var token = Next;
        if (token.Kind != CelTokenKind.Name || token.Text == "in" || (member && token.Text is "true" or "false" or "null")) throw Unexpected("IDENTIFIER");
        if (!member && Reserved.Contains(token.Text)) throw new CelCompileException(token.At, $"reserved identifier: {token.Text}");
        _at++;
        return token.Text;
    }
}
