using Orchestrator.Actors.Workloads;
using Orchestrator.Resources.Json;
using Orchestrator.Resources.Types.Apps.V1;
using Orchestrator.Resources.Types.Core.V1;
using Orchestrator.Resources.Types.Meta.V1;
using Orchestrator.Resources.Workloads;

namespace Orchestrator.Tests.Actors.Workloads;

/// <summary>
/// A Deployment, its ReplicaSets and their pods without actors: every step one random part of the system moves (a loop runs, a pod comes
/// up, a terminating pod goes), so that the loops see each other as late as they ever could.
/// </summary>
internal sealed class RolloutSimulator
{
    private readonly Random _random;
    private readonly List<ReplicaSet> _replicaSets = [];
    private readonly List<Pod> _pods = [];
    private int _names;
    private string? _justCreated;

    public RolloutSimulator(int seed, Deployment deployment)
    {
        _random = new Random(seed);
        Deployment = deployment;
    }

    public Deployment Deployment { get; }

    public IReadOnlyList<ReplicaSet> ReplicaSets => _replicaSets;

    public IReadOnlyList<Pod> Pods => _pods;

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Decides whether a pod of this image ever becomes ready.</summary>
    public Func<string, bool> ImageWorks { get; set; } = _ => true;

    public int AvailablePods => _pods.Count(p => PodStatusFacts.IsActive(p) && IsAvailable(p));

    public int ActivePods => _pods.Count(PodStatusFacts.IsActive);

    public List<string> Log { get; } = [];

    /// <summary>One move of a random part.</summary>
    public void Step()
    {
        Now += TimeSpan.FromSeconds(1);
        switch (_random.Next(6))
        {
            case 0 or 1: RunDeployment(); break;
            case 2 or 3: if (_replicaSets.Count > 0) RunReplicaSet(_replicaSets[_random.Next(_replicaSets.Count)]); break;
            case 4: Advance(_pods.Where(p => PodStatusFacts.IsActive(p) && !IsReady(p) && ImageWorks(p.Spec.Containers![0].Image)), SetReady); break;
            default: Advance(_pods.Where(p => p.Metadata.DeletionTimestamp is not null), p => _pods.Remove(p)); break;
        }
    }

    public bool Settled =>
        Deployment.Status.Conditions?.Find(c => c.Type == "Progressing")?.Reason == "NewReplicaSetAvailable"
        && Deployment.Status.ObservedGeneration == Deployment.Metadata.Generation
        && Deployment.Status.UpdatedReplicas == Deployment.Spec.Replicas && Deployment.Status.Replicas == Deployment.Spec.Replicas
        && Deployment.Status.AvailableReplicas == Deployment.Spec.Replicas;

    public void Change(Action<Deployment> change)
    {
        change(Deployment);
        Deployment.Metadata.Generation++;
    }

    public void RunDeployment()
    {
        var decision = RolloutPlan.Next(TypedJson.Clone(Deployment), _replicaSets.Select(TypedJson.Clone), labels => Matches(Deployment.Spec.Selector!, labels),
            uid => _pods.Count(p => OwnerOf(p) == uid && !PodStatusFacts.IsTerminal(p)), _justCreated, Now);
        _justCreated = null;
        Deployment.Status = decision.Status;
        foreach (var action in decision.Actions) Apply(action);
    }

    private void Apply(RolloutAction action)
    {
        Log.Add($"{Now:mm:ss} {action.GetType().Name}{(action is RolloutAction.Update u ? $" {u.ReplicaSet.Metadata.Name} {u.From}->{u.To}" : "")} available={AvailablePods} active={ActivePods}");
        switch (action)
        {
            case RolloutAction.Create create:
                var made = TypedJson.Clone(create.ReplicaSet);
                made.Metadata.UID = $"rs-{_names++}";
                made.Metadata.Generation = 1;
                made.Metadata.CreationTimestamp = Now;
                _replicaSets.Add(made);
                _justCreated = made.Metadata.Name;
                break;
            case RolloutAction.Update update:
                var target = _replicaSets.Single(rs => rs.Metadata.UID == update.ReplicaSet.Metadata.UID);
                if (update.From != update.To || update.MinReadySeconds is not null) target.Metadata.Generation++;
                target.Spec.Replicas = update.To;
                if (update.MinReadySeconds is { } seconds) target.Spec.MinReadySeconds = seconds;
                target.Metadata.Annotations ??= [];
                foreach (var (key, value) in update.Annotations) target.Metadata.Annotations[key] = value;
                break;
            case RolloutAction.Delete delete:
                _replicaSets.RemoveAll(rs => rs.Metadata.UID == delete.ReplicaSet.Metadata.UID);
                break;
            case RolloutAction.SetRevision revision:
                Deployment.Metadata.Annotations ??= [];
                Deployment.Metadata.Annotations[RolloutAnnotations.Revision] = revision.Revision;
                break;
            default:
                throw new InvalidOperationException($"unexpected {action}");
        }
    }

    private void RunReplicaSet(ReplicaSet rs)
    {
        var uid = rs.Metadata.UID;
        var decision = ReplicaSetPlan.Next(rs, [.. _pods.Where(p => OwnerOf(p) == uid).Select(ReplicaPod.Of)], _ => 0, labels => Matches(rs.Spec.Selector!, labels), 16, null, Now);
        rs.Status = decision.Status;
        foreach (var action in decision.Actions)
        {
            if (action is ReplicaSetAction.Delete delete) delete.Pod.Metadata.DeletionTimestamp = Now;
            else if (action is ReplicaSetAction.Create create)
                for (var i = 0; i < create.Count; i++) _pods.Add(NewPod(rs));
        }
    }

    private Pod NewPod(ReplicaSet rs)
    {
        var template = TypedJson.Clone(rs.Spec.Template);
        var pod = new Pod
        {
            Metadata = new ObjectMeta
            {
                Name = $"{rs.Metadata.Name}-{_names}",
                UID = $"pod-{_names++}",
                Namespace = "default",
                Labels = template.Metadata.Labels,
                CreationTimestamp = Now,
                OwnerReferences = [ReplicaSetPlan.ControllerOf(rs).Reference],
            },
            Spec = template.Spec,
        };
        pod.Status.Phase = "Pending";
        pod.Spec.NodeName = "node";
        return pod;
    }

    private void SetReady(Pod pod)
    {
        pod.Status.Phase = "Running";
        pod.Status.Conditions = [new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = Now }];
    }

    private void Advance(IEnumerable<Pod> candidates, Action<Pod> move)
    {
        var list = candidates.ToList();
        if (list.Count > 0) move(list[_random.Next(list.Count)]);
    }

    private bool IsAvailable(Pod pod) =>
        pod.Status.Conditions?.Find(c => c is { Type: "Ready", Status: "True" }) is { } ready && ready.LastTransitionTime + TimeSpan.FromSeconds(Deployment.Spec.MinReadySeconds) <= Now;

    private static bool IsReady(Pod pod) => pod.Status.Conditions?.Exists(c => c is { Type: "Ready", Status: "True" }) == true;

    private static string? OwnerOf(Pod pod) => pod.Metadata.OwnerReferences?.Find(r => r.Controller == true)?.UID;

    private static bool Matches(LabelSelector selector, IReadOnlyDictionary<string, string>? labels) =>
        selector.MatchLabels!.All(l => labels is not null && labels.TryGetValue(l.Key, out var value) && value == l.Value);
}
