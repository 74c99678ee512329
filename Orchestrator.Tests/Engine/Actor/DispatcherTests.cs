using Orchestrator.Engine.Actor;
using Shouldly;

namespace Orchestrator.Tests.Engine.Actor;

public sealed class DispatcherTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_actor_on_the_internal_dispatcher_has_its_turn_while_every_pool_thread_is_busy()
    {
        await using var system = ActorSystem.Create("dispatchers");
        using var heard = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var actor = system.ActorOf(Props.Create(() => new Hears(_ => heard.Set())).WithDispatcher(Props.InternalDispatcher));
        using var ended = new CountdownEvent(100);
        for (var i = 0; i < ended.InitialCount; i++)
            ThreadPool.UnsafeQueueUserWorkItem(_ =>
            {
                release.Wait();
                ended.Signal();
            }, null);
        try
        {
            actor.Tell("are you there?", ActorRefs.NoSender);
            heard.Wait(Deadline).ShouldBeTrue();
            ended.CurrentCount.ShouldBe(100);
        }
        finally
        {
            release.Set();
            ended.Wait();
        }
    }

    [Fact]
    public async Task Other_actors_do_not_run_on_its_threads()
    {
        await using var system = ActorSystem.Create("dispatchers");
        var (urgent, common) = (new TaskCompletionSource<Thread>(), new TaskCompletionSource<Thread>());
        system.ActorOf(Props.Create(() => new Hears(_ => urgent.TrySetResult(Thread.CurrentThread))).WithDispatcher(Props.InternalDispatcher)).Tell("", ActorRefs.NoSender);
        system.ActorOf(Props.Create(() => new Hears(_ => common.TrySetResult(Thread.CurrentThread)))).Tell("", ActorRefs.NoSender);
        var thread = await urgent.Task.WaitAsync(Deadline);
        thread.IsThreadPoolThread.ShouldBeFalse();
        (await common.Task.WaitAsync(Deadline)).IsThreadPoolThread.ShouldBeTrue();
    }

    [Fact]
    public async Task Messages_to_it_are_handled_one_at_a_time_and_in_order()
    {
        await using var system = ActorSystem.Create("dispatchers");
        var (seen, done) = (new List<int>(), new TaskCompletionSource());
        var actor = system.ActorOf(Props.Create(() => new Hears(message =>
        {
            seen.Add((int)message);
            if (seen.Count == 10_000) done.SetResult();
        })).WithDispatcher(Props.InternalDispatcher));
        for (var i = 0; i < 10_000; i++) actor.Tell(i, ActorRefs.NoSender);
        await done.Task.WaitAsync(Deadline);
        seen.ShouldBe(Enumerable.Range(0, 10_000));
    }

    [Fact]
    public void There_is_no_other_dispatcher() => Should.Throw<ArgumentException>(() => Props.Create<Hears>(() => new Hears(_ => { })).WithDispatcher("blocking"));

    private sealed class Hears : UntypedActor
    {
        private readonly Action<object> _hear;

        public Hears(Action<object> hear) => _hear = hear;

        protected override void OnReceive(object message) => _hear(message);
    }
}
