namespace Orchestrator.Resources.Cel;

/// <summary>One form of a function: what it takes, what comes of it, how.</summary>
/// <param name="Parameters">Types of the arguments, the target of a method first.</param>
/// <param name="Result">Type of the result, given the types of the arguments.</param>
/// <param name="Invoke">The function.</param>
internal sealed record CelOverload(CelType[] Parameters, Func<CelType[], CelType> Result, Func<object?[], object?> Invoke)
{
    public bool Accepts(CelType[] arguments)
    {
        if (arguments.Length != Parameters.Length) return false;
        for (var i = 0; i < arguments.Length; i++)
            if (!arguments[i].Fits(Parameters[i])) return false;
        return true;
    }

    public bool Holds(object?[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var (wanted, given) = (Parameters[i], CelValue.TypeOf(values[i]));
            if (wanted.Kind == CelKind.Dyn) continue;
            if (wanted.Kind != given.Kind && !(wanted.Kind == CelKind.Object && given.Kind == CelKind.Map)) return false;
            if (wanted.Kind == CelKind.Opaque && wanted.Name != given.Name) return false;
        }
        return true;
    }
}

/// <summary>The functions and methods that expressions may call, by name; methods' names begin with a dot.</summary>
internal sealed class CelFunctions
{
    private readonly Dictionary<string, List<CelOverload>> _overloads = new(StringComparer.Ordinal);

    /// <summary>The libraries of Kubernetes 1.32 that are spoken here.</summary>
    public static CelFunctions Standard { get; } = Load();

    /// <summary>The forms of a name, or null for none.</summary>
    public IReadOnlyList<CelOverload>? Find(string name) => _overloads.GetValueOrDefault(name);

    public CelFunctions Add(string name, CelType[] parameters, CelType result, Func<object?[], object?> invoke) => Add(name, parameters, _ => result, invoke);

    public CelFunctions Add(string name, CelType[] parameters, Func<CelType[], CelType> result, Func<object?[], object?> invoke)
    {
        if (!_overloads.TryGetValue(name, out var list)) _overloads[name] = list = [];
        list.Add(new CelOverload(parameters, result, invoke));
        return this;
    }

    private static CelFunctions Load()
    {
        var all = new CelFunctions();
        CelOperators.AddTo(all);
        CelConversions.AddTo(all);
        CelStringLibrary.AddTo(all);
        CelListLibrary.AddTo(all);
        CelTimeLibrary.AddTo(all);
        CelQuantityLibrary.AddTo(all);
        CelNetworkLibrary.AddTo(all);
        CelOptionalLibrary.AddTo(all);
        CelFormatLibrary.AddTo(all);
        CelAuthorizerLibrary.AddTo(all);
        return all;
    }
}
