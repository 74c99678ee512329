using Orchestrator.Actors.Caching;

namespace Orchestrator.Actors.Events;

/// <summary>A Kubernetes event to be recorded about an object. Type is Normal or Warning; repeated ones are counted on one Event object.</summary>
public sealed record RecordEvent(string Namespace, string Kind, string ApiVersion, string Name, string Uid, string ResourceVersion, string FieldPath,
    string Type, string Reason, string Message, string Component, string Host)
{
    /// <summary>An event about a stored object.</summary>
    public static RecordEvent About(ResourceEntry entry, string type, string reason, string message, string component, string host = "") =>
        new(entry.Namespace, entry.Kind.Kind, entry.Kind.ApiVersion, entry.Name, entry.Uid,
            entry.ResourceVersion.ToString(System.Globalization.CultureInfo.InvariantCulture), "", type, reason, message, component, host);
}
