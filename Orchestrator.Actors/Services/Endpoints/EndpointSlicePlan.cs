using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Discovery.V1;

namespace Orchestrator.Actors.Services.Endpoints;

/// <summary>
/// Which slices have to change so that together they say what they should (k8s.io/endpointslice Reconciler): an endpoint stays in the slice it is in, new ones fill slices that change
/// anyway, then the fullest slice that takes them all, then new slices. Few writes matter more than full slices: every write goes to every node.
/// </summary>
public static class EndpointSlicePlan
{
    /// <summary>The actions; none where everything is as it should be.</summary>
    /// <param name="group">What they should say.</param>
    /// <param name="existing">The group's slices as they are.</param>
    public static IReadOnlyList<SliceAction> Next(SliceGroup group, IReadOnlyList<EndpointSlice> existing)
    {
        var actions = new List<SliceAction>();
        var ours = existing.Where(s => s.Metadata.OwnerReferences?.Any(o => o.UID == group.Owner.UID) == true).ToList();
        actions.AddRange(existing.Except(ours).Select(s => new SliceAction.Delete(s)));
        var groups = group.Endpoints.GroupBy(e => (e.AddressType, Ports: ServiceEndpoint.PortKey(e.Ports))).ToDictionary(g => g.Key, g => g.ToList());
        var slices = ours.GroupBy(s => (s.AddressType, Ports: ServiceEndpoint.PortKey(s.Ports))).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var (key, endpoints) in groups) actions.AddRange(Place(group, key.AddressType, endpoints, slices.GetValueOrDefault(key) ?? []));
        List<EndpointSlice> left = [.. slices.Where(s => !groups.ContainsKey(s.Key)).SelectMany(s => s.Value)];
        if (groups.Count == 0 && group.Placeholder is { } type)
        {
            var placeholder = left.Find(s => s.AddressType == type && s.Ports is null or { Count: 0 } && s.Endpoints is null or { Count: 0 });
            if (placeholder is null) actions.Add(new SliceAction.Create(New(group, type, [], [])));
            else if (Relabelled(group, placeholder) is { } relabelled) actions.Add(new SliceAction.Update(relabelled));
            if (placeholder is not null) left.Remove(placeholder);
        }
        actions.AddRange(left.Select(s => new SliceAction.Delete(s)));
        return Reused(group, ours, actions);
    }

    /// <summary>
    /// A slice that would go is written anew instead of another one being made. Where the owner is going none is made: the garbage collector, for which the owner waits, would meet it again and again.
    /// </summary>
    private static List<SliceAction> Reused(SliceGroup group, List<EndpointSlice> ours, List<SliceAction> actions)
    {
        if (group.OwnerIsGoing) return actions.FindAll(a => a is not SliceAction.Create);
        var going = actions.OfType<SliceAction.Delete>().Where(d => ours.Contains(d.Slice)).ToList();
        foreach (var create in actions.OfType<SliceAction.Create>().ToList())
        {
            if (going.Find(d => d.Slice.AddressType == create.Slice.AddressType) is not { } reused) continue;
            going.Remove(reused);
            actions.Remove(reused);
            var slice = TypedJson.Clone(reused.Slice);
            (slice.Ports, slice.Endpoints) = (create.Slice.Ports, create.Slice.Endpoints);
            actions[actions.IndexOf(create)] = new SliceAction.Update(Stamped(group, slice));
        }
        return actions;
    }

    private static IEnumerable<SliceAction> Place(SliceGroup group, string addressType, List<ServiceEndpoint> wanted, List<EndpointSlice> slices)
    {
        var missing = new Dictionary<string, Endpoint>(StringComparer.Ordinal);
        foreach (var endpoint in wanted) missing.TryAdd(Identity(endpoint.Endpoint), endpoint.Endpoint);
        var kept = slices.ConvertAll(slice => Kept(slice, missing));
        Fill(kept, missing, group.MostPerSlice);
        foreach (var (slice, endpoints, changed) in kept)
        {
            if (endpoints.Count == 0) yield return new SliceAction.Delete(slice);
            else if (changed) yield return new SliceAction.Update(With(group, slice, endpoints));
            else if (Relabelled(group, slice) is { } relabelled) yield return new SliceAction.Update(relabelled);
        }
        foreach (var chunk in missing.Values.Chunk(group.MostPerSlice)) yield return new SliceAction.Create(New(group, addressType, wanted[0].Ports, chunk));
    }

    /// <summary>What of a slice stays in it, each in its present form; what was found is taken out of <paramref name="missing"/>.</summary>
    private static Filling Kept(EndpointSlice slice, Dictionary<string, Endpoint> missing)
    {
        var endpoints = new List<Endpoint>();
        var changed = false;
        foreach (var endpoint in slice.Endpoints ?? [])
        {
            if (!missing.Remove(Identity(endpoint), out var wanted))
            {
                changed = true;
                continue;
            }
            endpoints.Add(wanted);
            changed |= !TypedJson.Same(endpoint, wanted);
        }
        return new Filling(slice, endpoints, changed);
    }

    private static void Fill(List<Filling> slices, Dictionary<string, Endpoint> missing, int most)
    {
        foreach (var filling in slices.Where(s => s.Changed && s.Endpoints.Count > 0).OrderByDescending(s => s.Endpoints.Count)) Move(filling, missing, most);
        // One slice that is not written yet, where that spares a new one.
        if (missing.Count > 0 && missing.Count < most
            && slices.Where(s => !s.Changed && s.Endpoints.Count + missing.Count <= most).MaxBy(s => s.Endpoints.Count) is { } fullest) Move(fullest, missing, most);
    }

    private static void Move(Filling filling, Dictionary<string, Endpoint> missing, int most)
    {
        foreach (var (identity, endpoint) in missing.Take(most - filling.Endpoints.Count).ToList())
        {
            filling.Endpoints.Add(endpoint);
            filling.Changed = true;
            missing.Remove(identity);
        }
    }

    /// <summary>The same pod, or the same address where there is none, under the same name.</summary>
    private static string Identity(Endpoint endpoint) => $"{string.Join(',', endpoint.Addresses ?? [])}|{endpoint.Hostname}|{endpoint.TargetRef?.UID}|{endpoint.TargetRef?.Name}";

    private static EndpointSlice New(SliceGroup group, string addressType, IReadOnlyList<EndpointPort> ports, IReadOnlyList<Endpoint> endpoints) => Stamped(group, new EndpointSlice
    {
        AddressType = addressType,
        Ports = [.. ports],
        Endpoints = [.. endpoints],
        Metadata = new() { GenerateName = group.NamePrefix, OwnerReferences = [group.Owner] },
    });

    private static EndpointSlice With(SliceGroup group, EndpointSlice slice, List<Endpoint> endpoints)
    {
        var changed = TypedJson.Clone(slice);
        changed.Endpoints = endpoints;
        return Stamped(group, changed);
    }

    /// <summary>The slice with the labels and annotations it should have; null where it has them.</summary>
    private static EndpointSlice? Relabelled(SliceGroup group, EndpointSlice slice)
    {
        var annotations = slice.Metadata.Annotations?.Where(a => a.Key != EndpointLabels.TriggerTime) ?? [];
        return Same(slice.Metadata.Labels ?? [], group.Labels) && Same(annotations, group.Annotations) ? null : Stamped(group, TypedJson.Clone(slice));
    }

    private static bool Same(IEnumerable<KeyValuePair<string, string>> one, IReadOnlyDictionary<string, string> other)
    {
        var count = 0;
        foreach (var (key, value) in one)
        {
            if (!other.TryGetValue(key, out var wanted) || wanted != value) return false;
            count++;
        }
        return count == other.Count;
    }

    private static EndpointSlice Stamped(SliceGroup group, EndpointSlice slice)
    {
        slice.Metadata.Labels = new(group.Labels);
        slice.Metadata.Annotations = new(group.Annotations);
        if (group.TriggerTime is { } at) slice.Metadata.Annotations[EndpointLabels.TriggerTime] = TriggerTimes.Text(at);
        if (slice.Metadata.Annotations.Count == 0) slice.Metadata.Annotations = null;
        return slice;
    }

    private sealed class Filling(EndpointSlice slice, List<Endpoint> endpoints, bool changed)
    {
        public EndpointSlice Slice => slice;

        public List<Endpoint> Endpoints => endpoints;

        public bool Changed { get; set; } = changed;

        public void Deconstruct(out EndpointSlice slice, out List<Endpoint> endpoints, out bool changed) => (slice, endpoints, changed) = (Slice, Endpoints, Changed);
    }
}
