using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Singleton;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Singleton;

public sealed class ClusterSingletonTests : TestKit.TestKit
{
    [Fact]
    public void A_single_member_runs_it_at_once_and_the_proxy_reaches_it()
    {
        var proxy = ClusterSingleton.Get(Sys).Init(new SingletonActor(Props.Create(() => new Only(TestActor)), "only"));

        Probe.Send(proxy, "hello");

        ExpectMsg("started");
        ExpectMsg("echo hello");
        ClusterSingleton.Get(Sys).Init(new SingletonActor(Props.Create(() => new Only(TestActor)), "only")).ShouldBe(proxy);
        ExpectNoMsg();
    }

    [Fact]
    public void It_is_started_again_when_it_stops_by_itself()
    {
        var proxy = ClusterSingleton.Get(Sys).Init(new SingletonActor(Props.Create(() => new Only(TestActor)), "only"));
        Probe.Send(proxy, "stop");
        ExpectMsg("started");
        ExpectMsg("stopped");

        ExpectMsg("started");
        Time.Settle();
        Probe.Send(proxy, "hello");
        ExpectMsg("echo hello");
    }

    [Fact]
    public void It_runs_only_while_the_lease_is_owned_and_messages_wait_meanwhile()
    {
        var lease = new TestLease();
        ClusterSingleton.Get(Sys).LeaseOwner = lease;
        var proxy = ClusterSingleton.Get(Sys).Init(new SingletonActor(Props.Create(() => new Only(TestActor)), "only"));
        Probe.Send(proxy, "early");
        ExpectNoMsg();

        lease.Change(true);
        ExpectMsg("started");
        ExpectMsg("echo early");

        lease.Change(false);
        ExpectMsg("stopped");
        Time.Settle();
        lease.Released.ShouldBe(1);
        Probe.Send(proxy, "late");
        ExpectNoMsg();

        lease.Change(true);
        ExpectMsg("started");
        ExpectMsg("echo late");
    }

    [Fact]
    public async Task Shutdown_stops_it_and_gives_the_lease_up()
    {
        var lease = new TestLease();
        ClusterSingleton.Get(Sys).LeaseOwner = lease;
        ClusterSingleton.Get(Sys).Init(new SingletonActor(Props.Create(() => new Only(TestActor)), "only"));
        lease.Change(true);
        ExpectMsg("started");

        await CoordinatedShutdown.Get(Sys).Run("test").WaitAsync(TimeSpan.FromSeconds(20));

        ExpectMsg("stopped");
        lease.Released.ShouldBe(1);
    }

    private sealed class Only(IActorRef report) : UntypedActor
    {
        protected override void PreStart() => report.Tell("started");

        protected override void PostStop() => report.Tell("stopped");

        protected override void OnReceive(object message)
        {
            if (message is "stop")
                Context.Stop(Self);
            else
                report.Tell($"echo {message}");
        }
    }

    private sealed class TestLease : ILeaseOwner
    {
        private Action<bool>? _onChange;

        public int Released { get; private set; }

        public void Acquire(string name, Action<bool> onChange) => _onChange = onChange;

        public void Release(string name) => Released++;

        public void Change(bool owned)
        {
            while (_onChange is null)
                Thread.Yield();
            _onChange(owned);
        }
    }
}
