using System.Diagnostics;
using Orchestrator.Engine.Actor;
using Xunit;

namespace Orchestrator.TestKit;

/// <summary>
/// Base of actor-level tests on xunit: one system per test, on <see cref="VirtualTime"/> unless told otherwise, with a <see cref="TestProbe"/> of its own whose
/// expectations are also methods here (Akka.NET's TestKit).
/// </summary>
public abstract class TestKit : IAsyncLifetime
{
    private readonly VirtualTime? _time;
    private int _probes;

    /// <summary>A system in virtual time, or in real time where <paramref name="realTime"/>.</summary>
    protected TestKit(bool realTime = false, ActorSystemSetup? setup = null)
    {
        var basis = setup ?? new ActorSystemSetup();
        if (!realTime)
        {
            _time = new VirtualTime();
            basis = basis with { TimeProvider = _time, Activity = _time.Activity };
        }

        Sys = ActorSystem.Create("test", basis);
        Probe = CreateTestProbe("testActor");
    }

    /// <summary>The system under test.</summary>
    protected ActorSystem Sys { get; }

    /// <summary>Its clock; throws in a test in real time.</summary>
    protected VirtualTime Time => _time ?? throw new InvalidOperationException("This test runs in real time.");

    /// <summary>The test's own probe.</summary>
    protected TestProbe Probe { get; }

    /// <summary>Reference of <see cref="Probe"/>: what it gets can be expected.</summary>
    protected IActorRef TestActor => Probe.Ref;

    /// <summary>Sender of the message last expected.</summary>
    protected IActorRef LastSender => Probe.LastSender;

    /// <inheritdoc/>
    public virtual Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Terminates the system.</summary>
    public virtual async Task DisposeAsync() => await Sys.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);

    /// <summary>Another probe.</summary>
    protected TestProbe CreateTestProbe(string? name = null) => new(Sys, _time, name ?? $"probe-{Interlocked.Increment(ref _probes)}");

    /// <inheritdoc cref="TestProbe.ExpectMsg{T}(TimeSpan?, Predicate{T}?)"/>
    protected T ExpectMsg<T>(TimeSpan? within = null, Predicate<T>? isMessage = null) => Probe.ExpectMsg(within, isMessage);

    /// <inheritdoc cref="TestProbe.ExpectMsg{T}(T, TimeSpan?)"/>
    protected T ExpectMsg<T>(T expected, TimeSpan? within = null)
        where T : notnull => Probe.ExpectMsg(expected, within);

    /// <inheritdoc cref="TestProbe.ExpectMsgAllOf{T}"/>
    protected void ExpectMsgAllOf<T>(params IReadOnlyList<T> expected)
        where T : notnull => Probe.ExpectMsgAllOf(expected);

    /// <inheritdoc cref="TestProbe.ExpectNoMsg()"/>
    protected void ExpectNoMsg() => Probe.ExpectNoMsg();

    /// <inheritdoc cref="TestProbe.ExpectNoMsg(TimeSpan)"/>
    protected void ExpectNoMsg(TimeSpan during) => Probe.ExpectNoMsg(during);

    /// <inheritdoc cref="TestProbe.FishForMessage{T}"/>
    protected T FishForMessage<T>(Predicate<T>? isMessage = null, TimeSpan? within = null) => Probe.FishForMessage(isMessage, within);

    /// <inheritdoc cref="TestProbe.ExpectTerminated"/>
    protected Terminated ExpectTerminated(IActorRef subject, TimeSpan? within = null) => Probe.ExpectTerminated(subject, within);

    /// <summary>The test's probe watches <paramref name="subject"/>.</summary>
    protected IActorRef Watch(IActorRef subject) => Probe.Watch(subject);

    /// <summary>Waits, in real time, until the condition holds.</summary>
    protected static void AwaitCondition(Func<bool> condition, TimeSpan? within = null) => AwaitAssert(
        () =>
        {
            if (!condition())
                throw new ProbeException("The condition does not hold.");
        },
        within);

    /// <summary>Waits, in real time, until <paramref name="assertion"/> throws nothing; in the end throws what it threw last.</summary>
    protected static void AwaitAssert(Action assertion, TimeSpan? within = null)
    {
        var clock = Stopwatch.StartNew();
        var patience = within ?? TimeSpan.FromSeconds(10);
        using var pause = new ManualResetEventSlim();
        while (true)
        {
            try
            {
                assertion();
                return;
            }
            catch (Exception) when (clock.Elapsed < patience)
            {
                pause.Wait(TimeSpan.FromMilliseconds(5));
            }
        }
    }
}
