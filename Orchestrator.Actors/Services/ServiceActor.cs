using System.Text.Json.Nodes;
using Orchestrator.Actors.Resources;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Orchestrator.Resources.Errors;

namespace Orchestrator.Actors.Services;

/// <summary>
/// A service's actor: before a service is stored it gets the cluster address and node ports it needs from the allocator.
/// Further commands wait until that is answered.
/// </summary>
public sealed class ServiceActor : ResourceActor, IWithStash
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <param name="key">The service.</param>
    /// <param name="services">Shared services.</param>
    public ServiceActor(ResourceKey key, ControlPlaneServices services) : base(key, services) { }

    /// <inheritdoc/>
    public IStash Stash { get; set; } = null!;

    /// <inheritdoc/>
    protected override void BeforePut(JsonObject obj, JsonObject? old, WriteContext context, Action<ApiStatus?> proceed)
    {
        if (ServiceAddressPlan.Request(Key, obj, old) is not { } request)
        {
            proceed(null);
            return;
        }
        BecomeStacked(() =>
        {
            Command<ServiceAddresses>(granted => Resume(() =>
            {
                ServiceAddressPlan.Apply(obj, granted);
                proceed(null);
            }));
            Command<AddressesRefused>(refused => Resume(() => proceed(ApiStatus.Invalid(Kind.GroupKind, Key.Name, refused.Errors.Causes))));
            Command<Status.Failure>(_ => Resume(() => proceed(ApiStatus.ServiceUnavailable("the address allocator did not answer"))));
            CommandAny(_ => Stash.Stash());
        });
        Services.Addresses.Ask<object>(request, Deadline).PipeTo(Self);
    }

    private void Resume(Action then)
    {
        UnbecomeStacked();
        then();
        Stash.UnstashAll();
    }
}
