namespace Orchestrator.Resources;

/// <summary>
/// Names one API object: its group-resource in Kubernetes' notation (<c>pods</c>, <c>deployments.apps</c>), its namespace
/// (empty for cluster-scoped kinds) and its name. Its text form is the object's persistence id and its sharding entity id.
/// </summary>
public readonly record struct ResourceKey(string Resource, string Namespace, string Name)
{
    /// <summary><c>pods/default/web-1</c>, or <c>nodes/worker-1</c> where the namespace is empty. No part can contain a slash.</summary>
    public override string ToString() => Namespace.Length == 0 ? $"{Resource}/{Name}" : $"{Resource}/{Namespace}/{Name}";

    /// <summary>Reads the text form back. Throws <see cref="FormatException"/> for anything <see cref="ToString"/> cannot have written.</summary>
    public static ResourceKey Parse(string text)
    {
        var first = text.IndexOf('/');
        var last = text.LastIndexOf('/');
        if (first <= 0 || last == text.Length - 1) throw new FormatException($"'{text}' is not a resource key");
        return first == last
            ? new ResourceKey(text[..first], "", text[(first + 1)..])
            : new ResourceKey(text[..first], text[(first + 1)..last], text[(last + 1)..]);
    }
}
