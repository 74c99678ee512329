namespace Orchestrator.Engine.Remote.Serialization;

/// <summary>
/// Lets a message cross process boundaries under a name that never changes, whatever becomes of its type. The name ends in a version: a form that old
/// readers would misread gets a new name, which is read one version before it is written. A field may be added under the old name; old readers ignore it.
/// </summary>
/// <param name="name">Lower-case words with dots, e.g. <c>resource.create.v1</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class WireNameAttribute(string name) : Attribute
{
    /// <summary>The name on the wire.</summary>
    public string Name { get; } = name;
}
