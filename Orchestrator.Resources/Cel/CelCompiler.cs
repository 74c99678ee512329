namespace Orchestrator.Resources.Cel;

/// <summary>Turns a parsed expression into a function, and checks its types on the way (cel-go's checker and interpreter in one pass).</summary>
internal sealed class CelCompiler
{
    private readonly Dictionary<string, (int Slot, CelType Type)> _variables = new(StringComparer.Ordinal);

    private static readonly Dictionary<string, CelType> TypeNames = new(StringComparer.Ordinal)
    {
        ["bool"] = CelType.Bool,
        ["int"] = CelType.Int,
        ["uint"] = CelType.Uint,
        ["double"] = CelType.Double,
        ["string"] = CelType.String,
        ["bytes"] = CelType.Bytes,
        ["list"] = CelType.List(CelType.Dyn),
        ["map"] = CelType.Map(CelType.Dyn, CelType.Dyn),
        ["null_type"] = CelType.Null,
        ["type"] = CelType.Type,
    };

    internal CelCompiler(IReadOnlyList<CelVariable> variables)
    {
        foreach (var variable in variables) _variables[variable.Name] = (Slots++, variable.Type);
    }

    /// <summary>How many values an evaluation holds.</summary>
    internal int Slots { get; private set; }

    /// <summary>The declared variables that are named.</summary>
    internal HashSet<string> Used { get; } = new(StringComparer.Ordinal);

    /// <summary>What has been found out on the way.</summary>
    internal CelFacts Facts { get; } = new();

    internal (CelType Type, CelEval Eval) Compile(CelNode node) => Compile(node, charged: true);

    /// <summary>
    /// <paramref name="charged"/>: naming the variable that an access starts from is paid for. It is not where the access is itself a key or a branch of a condition, which cel-go resolves
    /// without evaluating it.
    /// </summary>
    private (CelType Type, CelEval Eval) Compile(CelNode node, bool charged)
    {
        var (type, eval) = Piece(node, charged);
        Facts.Types[node] = type;
        return (type, node is not (CelLiteral or CelName) && IsConstant(node) ? Held(eval) : eval);
    }

    private (CelType Type, CelEval Eval) Piece(CelNode node, bool charged) => node switch
    {
        CelLiteral literal => Literal(literal),
        CelName name => Name(name, charged),
        CelSelect select => Select(select, charged),
        CelHas has => Has(has),
        CelIndex index => Index(index, charged),
        CelCall call => Call(call),
        CelLogic logic => Logic(logic),
        CelConditional conditional => Conditional(conditional),
        CelListLiteral list => List(list),
        CelMapLiteral map => Map(map),
        CelMacro macro => Macro(macro),
        _ => throw new CelCompileException(node.At, "unsupported expression"),
    };

    /// <summary>What leads from a variable to a value in it; cel-go's attributes.</summary>
    private static bool IsAccess(CelNode node) => node is CelName or CelSelect or CelIndex or CelConditional;

    /// <summary>Whether it is the same at every evaluation, as far as cel-go looks: literals, lists and maps of them, conversions of one.</summary>
    private bool IsConstant(CelNode node) => node switch
    {
        CelLiteral => true,
        CelName name => !_variables.ContainsKey(name.Name) && TypeNames.ContainsKey(name.Name),
        CelListLiteral list => list.Items.All(IsConstant),
        CelMapLiteral map => map.Entries.All(e => IsConstant(e.Key) && IsConstant(e.Value)),
        CelCall { Target: null, Arguments: [var only], Name: "bool" or "bytes" or "double" or "duration" or "dyn" or "int" or "string" or "timestamp" or "type" or "uint" } => IsConstant(only),
        _ => false,
    };

    /// <summary>A constant is evaluated once and costs nothing.</summary>
    private static CelEval Held(CelEval eval)
    {
        Tuple<object?>? held = null;
        return _ => (held ??= Tuple.Create(eval(new CelFrame(0, long.MaxValue)))).Item1;
    }

    private static (CelType, CelEval) Literal(CelLiteral literal)
    {
        if (literal.Value is CelLargestMagnitude) throw new CelCompileException(literal.At, "invalid int literal");
        var value = literal.Value;
        return (CelValue.TypeOf(value), _ => value);
    }

    private (CelType, CelEval) Name(CelName name, bool charged)
    {
        if (_variables.TryGetValue(name.Name, out var variable))
        {
            Used.Add(name.Name);
            var slot = variable.Slot;
            var cost = charged ? CelCosts.Access : 0;
            return (variable.Type, frame =>
            {
                frame.Spend(cost);
                return frame.Slots[slot];
            }
            );
        }
        if (TypeNames.TryGetValue(name.Name, out var type)) return (CelType.Type, _ => type);
        throw new CelCompileException(name.At, $"undeclared reference to '{name.Name}' (in container '')");
    }

    /// <summary>What an access goes on from: another access, or a value that something else makes, which costs one more to take up.</summary>
    private (CelType Type, CelEval Eval, long Cost) From(CelNode of, bool charged)
    {
        var (type, eval) = Compile(of, charged);
        return (type, eval, IsAccess(of) || !charged ? 0 : CelCosts.Access);
    }

    private (CelType, CelEval) Select(CelSelect select, bool charged)
    {
        // A variable's name may have a dot in it: authorizer.requestResource.
        if (select is { Optional: false, Of: CelName { Name: var outer } } && _variables.ContainsKey($"{outer}.{select.Field}")) return Name(new CelName(select.At, $"{outer}.{select.Field}"), charged);
        var (type, of, start) = From(select.Of, charged);
        var name = CelNames.Unescape(select.Field);
        if (select.Optional || type.Kind == CelKind.Optional)
        {
            var inner = type.Kind == CelKind.Optional ? type.Element! : type;
            return (CelType.Optional(FieldType(inner, select.Field, name, select.At)), frame => Tried(frame, of(frame), name, start));
        }
        var cost = start + CelCosts.Access;
        return (FieldType(type, select.Field, name, select.At), frame =>
        {
            var value = of(frame);
            frame.Spend(cost);
            return value is CelMap map ? map.TryGet(name, out var field) ? field : throw CelEvaluationException.NoKey(name) : throw CelEvaluationException.NoOverload;
        }
        );
    }

    /// <summary>An optional access: costs something only where there is something.</summary>
    private static CelOptional Tried(CelFrame frame, object? of, object? key, long start)
    {
        var found = CelValue.TryAt(of, key);
        frame.Spend(start + (found.HasValue ? CelCosts.Access : 0));
        return found;
    }

    private static CelType FieldType(CelType type, string written, string name, int at) => type.Kind switch
    {
        CelKind.Dyn => CelType.Dyn,
        CelKind.Map => type.Element!,
        CelKind.Object => type.Fields.TryGetValue(name, out var field) ? field : throw new CelCompileException(at, $"undefined field '{written}'"),
        _ => throw new CelCompileException(at, $"type '{type}' does not support field selection"),
    };

    private (CelType, CelEval) Has(CelHas has)
    {
        var (type, of, cost) = From(has.Of, charged: true);
        var name = CelNames.Unescape(has.Field);
        FieldType(type.Kind == CelKind.Optional ? type.Element! : type, has.Field, name, has.At);
        return (CelType.Bool, frame =>
        {
            var value = of(frame);
            frame.Spend(cost);
            return value switch
            {
                CelMap map => map.TryGet(name, out _),
                CelOptional optional => CelValue.TryAt(optional, name).HasValue,
                _ => throw CelEvaluationException.NoOverload,
            };
        }
        );
    }

    private (CelType, CelEval) Index(CelIndex index, bool charged)
    {
        var ((type, of, start), (keyType, key)) = (From(index.Of, charged), Compile(index.Key, charged: !IsAccess(index.Key)));
        var through = type.Kind == CelKind.Optional ? type.Element! : type;
        var fits = through.Kind switch
        {
            CelKind.Dyn => true,
            CelKind.List => keyType.Is(CelKind.Int) || keyType.Is(CelKind.Uint),
            CelKind.Map => keyType.Fits(through.Key!),
            CelKind.Object => keyType.Is(CelKind.String),
            _ => false,
        };
        if (!fits) throw NoOverload(index.At, "_[_]", [type, keyType]);
        var element = through.Kind is CelKind.List or CelKind.Map ? through.Element! : CelType.Dyn;
        if (index.Optional || type.Kind == CelKind.Optional) return (CelType.Optional(element), frame => Tried(frame, of(frame), key(frame), start));
        var cost = start + CelCosts.Access;
        return (element, frame =>
        {
            var (value, at) = (of(frame), key(frame));
            frame.Spend(cost);
            return CelValue.At(value, at);
        }
        );
    }

    private (CelType, CelEval) Call(CelCall call)
    {
        // sets.contains(a, b): what looks like a method of a name that is none is a function of a library.
        if (call.Target is CelName library && !_variables.ContainsKey(library.Name) && CelFunctions.Standard.Find($"{library.Name}.{call.Name}") is { } qualified)
            return Call(call, $"{library.Name}.{call.Name}", qualified, [.. call.Arguments]);
        var name = call.Target is null ? call.Name : "." + call.Name;
        var overloads = CelFunctions.Standard.Find(name);
        if (overloads is null)
        {
            // The names in the arguments are checked first, as whoever mistyped one would want.
            if (call.Target is not null) Compile(call.Target);
            throw new CelCompileException(call.At, $"undeclared reference to '{call.Name}' (in container '')");
        }
        return Call(call, name, overloads, call.Target is null ? [.. call.Arguments] : [call.Target, .. call.Arguments]);
    }

    private (CelType, CelEval) Call(CelCall call, string name, IReadOnlyList<CelOverload> overloads, CelNode[] arguments)
    {
        var compiled = arguments.Select(Compile).ToArray();
        CelType[] types = [.. compiled.Select(c => c.Type)];
        CelEval[] evals = [.. compiled.Select(c => c.Eval)];
        CelOverload[] fitting = [.. overloads.Where(o => o.Accepts(types))];
        if (fitting.Length == 0 || !CelOperators.AreComparable(name, types)) throw NoOverload(call.At, name, types);
        CelRegexes.CheckLiteral(name, arguments);
        if (name == ".format" && arguments is [CelLiteral { Value: string format }, CelListLiteral list]) CelStringFormat.Check(format, list.Items, [.. list.Items.Select(i => Facts.Types[i])], call.At);
        Facts.Calls[call] = (name, fitting);
        var result = fitting.Select(o => o.Result(types)).Aggregate(CelType.Join);
        if (name is ".or" or ".orValue") return (result, frame => Otherwise(frame, evals, value: name == ".orValue"));
        // Whether something is in a list of literals is looked up in a set, which costs nothing.
        var free = name == "@in" && arguments[1] is CelListLiteral set && set.Items.All(i => i is CelLiteral);
        return (result, frame =>
        {
            var values = new object?[evals.Length];
            for (var i = 0; i < evals.Length; i++) values[i] = evals[i](frame);
            foreach (var overload in fitting)
            {
                if (!overload.Holds(values)) continue;
                if (free) return overload.Invoke(values);
                // What work costs is known before it is done, but for what depends on the result.
                if (name != ".join") frame.Spend(CelCosts.Call(name, overload, values, null));
                var answer = overload.Invoke(values);
                if (name == ".join") frame.Spend(CelCosts.Call(name, overload, values, answer));
                return answer;
            }
            frame.Spend(1);
            throw CelEvaluationException.NoOverload;
        }
        );
    }

    /// <summary>An optional's value, or else the other's, which is only then evaluated. Choosing costs nothing.</summary>
    private static object? Otherwise(CelFrame frame, CelEval[] evals, bool value)
    {
        if (evals[0](frame) is not CelOptional optional) throw CelEvaluationException.NoOverload;
        return optional.HasValue ? value ? optional.Value : optional : evals[1](frame);
    }

    private (CelType, CelEval) Logic(CelLogic logic)
    {
        var (left, right) = (Boolean(logic.Left, logic.Or ? "_||_" : "_&&_"), Boolean(logic.Right, logic.Or ? "_||_" : "_&&_"));
        var decides = logic.Or;
        return (CelType.Bool, frame =>
        {
            CelEvaluationException? failed = null;
            try
            {
                if (CelValue.Flag(left(frame)) == decides) return decides;
            }
            catch (CelEvaluationException e) when (e is not CelCostException)
            {
                // Either side may decide, whatever happens on the other.
                failed = e;
            }
            if (CelValue.Flag(right(frame)) == decides) return decides;
            return failed is null ? !decides : throw failed;
        }
        );
    }

    private CelEval Boolean(CelNode node, string of)
    {
        var (type, eval) = Compile(node);
        return type.Is(CelKind.Bool) ? eval : throw new CelCompileException(node.At, $"found no matching overload for '{of}' applied to '({type})'");
    }

    private (CelType, CelEval) Conditional(CelConditional node)
    {
        var test = Boolean(node.Test, "_?_:_");
        var ((yesType, yes), (noType, no)) = (Compile(node.Yes, !IsAccess(node.Yes)), Compile(node.No, !IsAccess(node.No)));
        if (!yesType.Fits(noType) && !noType.Fits(yesType)) throw NoOverload(node.At, "_?_:_", [CelType.Bool, yesType, noType]);
        return (CelType.Join(yesType, noType), frame => CelValue.Flag(test(frame)) ? yes(frame) : no(frame));
    }

    private (CelType, CelEval) List(CelListLiteral node)
    {
        var items = node.Items.Select(Compile).ToList();
        CelEval[] evals = [.. items.Select(i => i.Eval)];
        var element = items.Count == 0 ? CelType.Dyn : items.Select(i => i.Type).Aggregate(CelType.Join);
        return (CelType.List(element), frame =>
        {
            frame.Spend(CelCosts.List);
            return new CelList([.. evals.Select(e => e(frame))]);
        }
        );
    }

    private (CelType, CelEval) Map(CelMapLiteral node)
    {
        var entries = node.Entries.Select(e => (Key: Compile(e.Key), Value: Compile(e.Value))).ToList();
        var (key, value) = entries.Count == 0 ? (CelType.Dyn, CelType.Dyn) : (entries.Select(e => e.Key.Type).Aggregate(CelType.Join), entries.Select(e => e.Value.Type).Aggregate(CelType.Join));
        return (CelType.Map(key, value), frame =>
        {
            frame.Spend(CelCosts.Map);
            var map = new CelDictionary();
            foreach (var entry in entries) map.Add(entry.Key.Eval(frame), entry.Value.Eval(frame));
            return map;
        }
        );
    }

    private (CelType, CelEval) Macro(CelMacro node)
    {
        var (type, range) = Compile(node.Range);
        if (node.Name is "optMap" or "optFlatMap") return OptionalMacro(node, type, range);
        var item = type.Kind switch
        {
            CelKind.List => type.Element!,
            CelKind.Map => type.Key!,
            CelKind.Object => CelType.String,
            CelKind.Dyn => CelType.Dyn,
            _ => throw new CelCompileException(node.Range.At, $"expression of type '{type}' cannot be range of a comprehension (must be list, map, or dynamic)"),
        };
        var (slot, bodies) = Scoped(node, item);
        var predicates = node.Name == "map" ? bodies.Take(bodies.Count - 1) : bodies;
        foreach (var (predicate, at) in predicates.Zip(node.Arguments, (b, a) => (b, a.At)))
            if (!predicate.Type.Is(CelKind.Bool)) throw new CelCompileException(at, $"expected type 'bool' but found '{predicate.Type}'");
        CelEval[] evals = [.. bodies.Select(b => b.Eval)];
        var result = node.Name switch
        {
            "map" => CelType.List(bodies[^1].Type),
            "filter" => CelType.List(item),
            _ => CelType.Bool,
        };
        var name = node.Name;
        return (result, frame => CelMacros.Run(name, range(frame), slot, evals, frame));
    }

    private (CelType, CelEval) OptionalMacro(CelMacro node, CelType type, CelEval of)
    {
        if (!type.Is(CelKind.Optional)) throw NoOverload(node.At, node.Name, [type]);
        var (slot, bodies) = Scoped(node, type.Element ?? CelType.Dyn);
        var (body, flat) = (bodies[0], node.Name == "optFlatMap");
        if (flat && !body.Type.Is(CelKind.Optional)) throw new CelCompileException(node.Arguments[0].At, $"expected type 'optional_type' but found '{body.Type}'");
        return (flat ? body.Type : CelType.Optional(body.Type), frame =>
        {
            // target.hasValue() ? optional.of(body with target.value()) : optional.none()
            var before = frame.Cost;
            if (of(frame) is not CelOptional optional) throw CelEvaluationException.NoOverload;
            var again = frame.Cost - before;
            frame.Spend(1);
            if (!optional.HasValue)
            {
                frame.Spend(1);
                return CelOptional.None;
            }
            frame.Spend(again + 1);
            frame.Slots[slot] = optional.Value;
            var value = body.Eval(frame);
            if (flat) return value;
            frame.Spend(1);
            return CelOptional.Of(value);
        }
        );
    }

    private (int Slot, List<(CelType Type, CelEval Eval)> Bodies) Scoped(CelMacro node, CelType item)
    {
        var slot = Slots++;
        var hidden = _variables.TryGetValue(node.Variable, out var outer);
        _variables[node.Variable] = (slot, item);
        var bodies = node.Arguments.Select(Compile).ToList();
        if (hidden) _variables[node.Variable] = outer;
        else _variables.Remove(node.Variable);
        return (slot, bodies);
    }

    /// <summary>Methods begin with a dot.</summary>
    private static CelCompileException NoOverload(int at, string name, CelType[] types)
    {
        var method = name[0] == '.';
        var arguments = string.Join(", ", types.Skip(method ? 1 : 0).Select(t => t.Name));
        return new(at, $"found no matching overload for '{name.TrimStart('.')}' applied to '{(method ? $"{types[0]}." : "")}({arguments})'");
    }
}
