namespace Orchestrator.Resources.Defaults;

/// <summary>What pod admission needs to know of the pod's ServiceAccount.</summary>
/// <param name="AutomountToken">The account's <c>automountServiceAccountToken</c>; null is unset.</param>
/// <param name="ImagePullSecrets">Names of the account's <c>imagePullSecrets</c>, taken over by pods that name none.</param>
public sealed record ServiceAccountFacts(bool? AutomountToken, IReadOnlyList<string> ImagePullSecrets)
{
    /// <summary>An account with nothing set.</summary>
    public static ServiceAccountFacts Plain { get; } = new(null, []);
}
