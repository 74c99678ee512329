using System.Text.Json.Nodes;
using Orchestrator.Resources.Errors;
using Orchestrator.Resources.Extensions;
using Orchestrator.Resources.Kinds;

namespace Orchestrator.Actors.Extensions;

/// <summary>Asks the webhooks that convert custom kinds. They take as long as they like: an object's actor never waits for one.</summary>
public interface IObjectConverter
{
    /// <summary>
    /// Objects of one kind, none of them in the version of <paramref name="to"/>, in that version and in the same order. Throws <see cref="StatusException"/> 500 where the webhook cannot be
    /// asked or gives an answer that is none.
    /// </summary>
    Task<IReadOnlyList<JsonObject>> ConvertAsync(ConversionWebhook webhook, IReadOnlyList<JsonObject> objects, ResourceKind to, CancellationToken cancel);
}

/// <summary>Nobody can be asked: a control plane without a gateway.</summary>
public sealed class NoConverter : IObjectConverter
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<JsonObject>> ConvertAsync(ConversionWebhook webhook, IReadOnlyList<JsonObject> objects, ResourceKind to, CancellationToken cancel) =>
        throw ApiStatus.Unknown($"conversion webhook for {to.ApiVersion}, Kind={to.Kind} failed: there is no way to webhooks from here").AsException();
}
