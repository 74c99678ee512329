using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;

namespace Orchestrator.Api.Joining;

/// <summary>Keeps a certificate with its key, and returns what is shown from now on.</summary>
public delegate X509Certificate2 KeepCertificate(string pem, ECDsa key);

/// <summary>
/// Renews the node's certificate before it ends, as the kubelet does: at a random point between 70 and 90 % of its life, so that nodes do not all come at once; where that fails, again
/// after a while.
/// </summary>
public sealed class CertificateRotationActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Retry = TimeSpan.FromMinutes(1);

    private readonly string _nodeName;
    private readonly IActorRef _controlPlane;
    private readonly KeepCertificate _keep;
    private readonly Action<string> _failed;
    private readonly Random _random;
    private NodeCertificateRequest? _request;
    private X509Certificate2 _current;

    /// <param name="nodeName">The node.</param>
    /// <param name="current">Its certificate now.</param>
    /// <param name="controlPlane">Who is asked.</param>
    /// <param name="keep">Takes a new one into use.</param>
    /// <param name="failed">Told why there is none.</param>
    /// <param name="random">Source of jitter.</param>
    public CertificateRotationActor(string nodeName, X509Certificate2 current, IActorRef controlPlane, KeepCertificate keep, Action<string> failed, Random random)
    {
        (_nodeName, _current, _controlPlane, _keep, _failed, _random) = (nodeName, current, controlPlane, keep, failed, random);
        Receive<Renew>(OnRenew);
        Receive<NodeCertificate>(OnCertificate);
        Receive<NodeCertificateRefused>(refused => OnRefused(refused.Reason));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>When to renew a certificate of that life; <paramref name="jitter"/> is between 0 and 1.</summary>
    public static DateTimeOffset RenewAt(DateTimeOffset from, DateTimeOffset until, double jitter) => from + ((until - from) * (0.7 + (0.2 * jitter)));

    /// <inheritdoc/>
    protected override void PreStart() => Schedule();

    /// <inheritdoc/>
    protected override void PostStop() => _request?.Dispose();

    private void Schedule()
    {
        var due = RenewAt(_current.NotBefore.ToUniversalTime(), _current.NotAfter.ToUniversalTime(), _random.NextDouble()) - Context.System.TimeProvider.GetUtcNow();
        Again(due > TimeSpan.Zero ? due : TimeSpan.Zero);
    }

    // A timer cannot be longer than 49 days; what is not due yet when it ends is scheduled again.
    private void Again(TimeSpan due)
    {
        var longest = TimeSpan.FromDays(30);
        if (due > longest) Timers.StartSingleTimer(nameof(Renew), Renew.Instance with { NotYet = due - longest }, longest);
        else Timers.StartSingleTimer(nameof(Renew), Renew.Instance, due);
    }

    private void OnRenew(Renew renew)
    {
        if (renew.NotYet > TimeSpan.Zero)
        {
            Again(renew.NotYet);
            return;
        }
        _request?.Dispose();
        _request = new NodeCertificateRequest(_nodeName);
        _controlPlane.Ask<object>(new RequestNodeCertificate(_nodeName, _request.Pem), AnswerDeadline)
            .PipeTo(Self, Self, null, e => new NodeCertificateRefused(e.Message));
    }

    private void OnCertificate(NodeCertificate issued)
    {
        if (_request is not { } request) return;
        _current = _keep(issued.Pem, request.Key);
        request.Dispose();
        _request = null;
        Schedule();
    }

    private void OnRefused(string reason)
    {
        _failed(reason);
        Again(Retry * (0.5 + _random.NextDouble()));
    }

    private sealed record Renew
    {
        public static Renew Instance { get; } = new();

        public TimeSpan NotYet { get; init; }
    }
}
