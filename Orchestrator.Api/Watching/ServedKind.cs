using Orchestrator.Actors.Caching;
using Orchestrator.Api.Hosting;

namespace Orchestrator.Api.Watching;

/// <summary>
/// Tells a watch of a custom kind when its definition no longer serves the kind as it was when the watch began: deleted, or in another form. Then the watch ends, and its client finds out
/// with the next request, as upstream has it. Built-in kinds stay for ever.
/// </summary>
internal sealed class ServedKind
{
    private const string Definitions = "customresourcedefinitions.apiextensions.k8s.io";

    private readonly ApiCall _call;
    private readonly ResourceWatch? _definitions;
    private Task? _changed;

    public ServedKind(ApiCall call)
    {
        _call = call;
        if (call.Kind.IsCustom) _definitions = call.Cache.Watch(Definitions, call.Cache.Head);
    }

    /// <summary>Whether the kind is not served any more, or otherwise than it was.</summary>
    public bool IsGone => _definitions is not null && !ReferenceEquals(_call.Services.Catalog.Find(_call.Kind.Group, _call.Kind.Version, _call.Kind.Plural), _call.Kind);

    /// <summary>Completes with <paramref name="moved"/>, or when a definition has changed, which may be this kind's.</summary>
    public Task OrChangedAsync(Task moved, CancellationToken stop) => _definitions is null ? moved : OrChangedAsync(_definitions, moved, stop);

    private async Task OrChangedAsync(ResourceWatch definitions, Task moved, CancellationToken stop)
    {
        // One registration for as long as no definition changes, however often the watch itself waits.
        if (_changed is null || _changed.IsCompleted)
        {
            while (definitions.TryNext(out _))
            {
                // Which one it was does not matter: the catalogue has it.
            }
            _changed = definitions.WaitAsync(stop);
        }
        if (IsGone) return;
        await await Task.WhenAny(moved, _changed);
    }
}
