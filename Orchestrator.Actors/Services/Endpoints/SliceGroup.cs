using Orchestrator.Resources.Types.Discovery.V1;
using Orchestrator.Resources.Types.Meta.V1;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>What slices of one source are to say.</summary>
/// <param name="Source">Name of the Service.</param>
/// <param name="ManagedBy">Value of the label that tells these slices from others.</param>
/// <param name="Owner">Who owns them.</param>
/// <param name="Labels">All of their labels.</param>
/// <param name="Annotations">Their annotations beside the trigger time.</param>
/// <param name="Endpoints">What has to be in them.</param>
/// <param name="MostPerSlice">Endpoints per slice.</param>
/// <param name="Placeholder">Address type of the empty slice that stands for "none"; null where there is none then.</param>
/// <param name="TriggerTime">When what they show anew began; null where that is unknown.</param>
/// <param name="OwnerIsGoing">Whether the owner waits for its slices to go: none is made then.</param>
public sealed record SliceGroup(string Source, string ManagedBy, OwnerReference Owner, IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations,
    IReadOnlyList<ServiceEndpoint> Endpoints, int MostPerSlice, string? Placeholder, DateTimeOffset? TriggerTime, bool OwnerIsGoing)
{
    /// <summary>Prefix of their names.</summary>
    public string NamePrefix => Source.Length < 63 ? $"{Source}-" : Source;
}

/// <summary>What is to be done with a slice.</summary>
public abstract record SliceAction
{
    /// <summary>Make it; it has no name yet.</summary>
    public sealed record Create(EndpointSlice Slice) : SliceAction;

    /// <summary>Store it as this.</summary>
    public sealed record Update(EndpointSlice Slice) : SliceAction;

    /// <summary>Remove it.</summary>
    public sealed record Delete(EndpointSlice Slice) : SliceAction;
}
