using Orchestrator.Resources.Admission;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors.Admission;

/// <summary>Admission that objects of the cluster configure: webhooks and policies. Asked wherever a write begins: by the gateway, and by control loops for what they write elsewhere.</summary>
public interface IDynamicAdmission
{
    /// <summary>Whether anything configured could be about this. Where nothing is, the write goes its short way: this is on the path of every write.</summary>
    bool Concerns(string operation, ResourceKind kind, string subresource);

    /// <summary>Lets mutating webhooks change the object, which stays decoded and defaulted; whether any has. Throws <see cref="Orchestrator.Resources.Errors.StatusException"/> for a refusal.</summary>
    Task<bool> MutateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel);

    /// <summary>Asks policies and validating webhooks. Throws <see cref="Orchestrator.Resources.Errors.StatusException"/> for a refusal.</summary>
    Task ValidateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel);
}

/// <summary>No admission beyond what is built in.</summary>
public sealed class NoDynamicAdmission : IDynamicAdmission
{
    /// <inheritdoc/>
    public bool Concerns(string operation, ResourceKind kind, string subresource) => false;

    /// <inheritdoc/>
    public Task<bool> MutateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel) => Task.FromResult(false);

    /// <inheritdoc/>
    public Task ValidateAsync(AdmissionAttributes request, List<string> warnings, CancellationToken cancel) => Task.CompletedTask;
}
