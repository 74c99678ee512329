using System.Reflection;
using System.Text;
using Orchestrator.Actors;
using Orchestrator.Engine.Actor;
using Orchestrator.Engine.Remote.Serialization;
using Orchestrator.Protocol.Resources;
using Orchestrator.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Remote;

public sealed class WireSerializerTests : TestKit.TestKit
{
    private static readonly WireCatalog Catalog = WireCatalog.Of(typeof(ResourceCommand).Assembly, typeof(ControlPlane).Assembly);

    public static TheoryData<string> Names => [.. Catalog.Types.Select(type => type.Name)];

    private WireSerializer Serializer => field ??= new(Catalog, Sys);

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_message_of_the_product_comes_out_as_it_went_in(string name)
    {
        var type = Catalog.Find(name)!;
        var message = new WireSamples(Sys.ActorOf(Props.Create<EchoActor>())).Make(type.Type);

        var bytes = Write(message);
        var back = Read(bytes);

        back.ShouldBeOfType(type.Type);
        Encoding.UTF8.GetString(Write(back)).ShouldBe(Encoding.UTF8.GetString(bytes));
        if (type.Instance is not null)
            back.ShouldBeSameAs(type.Instance);
        else if (!type.Type.IsPrimitive && type.Type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Length > 0)
            bytes.Length.ShouldBeGreaterThan(name.Length + 10);
    }

    [Fact]
    public void A_field_that_is_not_known_is_ignored_and_one_that_is_missing_has_its_default()
    {
        var key = new ResourceKey("pods", "default", "web-0");
        var bytes = Encoding.UTF8.GetString(Write(new BindPod(key, "v1", WriteContext.System("scheduler"), "uid-1", "node-1")));
        var newer = Rewrite(bytes, json => json.Replace("\"Uid\":", "\"Priority\":{\"x\":[1]},\"Uid\":", StringComparison.Ordinal));
        var older = Rewrite(bytes, json => json.Replace("\"NodeName\":\"node-1\",", "", StringComparison.Ordinal).Replace(",\"NodeName\":\"node-1\"", "", StringComparison.Ordinal));

        Read(newer).ShouldBe(new BindPod(key, "v1", WriteContext.System("scheduler"), "uid-1", "node-1"));
        ((BindPod)Read(older)).NodeName.ShouldBeNull();
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"Key\":7}")]
    [InlineData("{\"Uid\":{}}")]
    public void What_is_malformed_is_refused_by_its_name(string json)
    {
        var bytes = Rewrite(Encoding.UTF8.GetString(Write(new BindPod(default, "v1", WriteContext.System("x"), "u", "n"))), _ => json);

        Should.Throw<WireFormatException>(() => Read(bytes)).Message.ShouldStartWith("resource.bind-pod.v1 is malformed");
    }

    [Fact]
    public void Two_messages_cannot_have_one_name() =>
        Should.Throw<ArgumentException>(() => WireCatalog.Of(typeof(WireSerializerTests).Assembly, typeof(WireSerializerTests).Assembly.GetReferencedAssemblies()
            .Where(name => name.Name == "Orchestrator.Engine").Select(Assembly.Load).Single(), new Twice())).Message.ShouldContain("resource.bind-pod.v1");

    private byte[] Write(object message)
    {
        using var buffer = new FrameBuffer(1024 * 1024);
        Serializer.Write(buffer, message);
        return buffer.Written.ToArray();
    }

    private object Read(byte[] bytes)
    {
        var frame = new FrameReader(bytes);
        return Serializer.Read(ref frame);
    }

    /// <summary>With other JSON between the name and the (absent) raw bytes.</summary>
    private static byte[] Rewrite(string message, Func<string, string> change)
    {
        var start = message.IndexOf('{', StringComparison.Ordinal);
        var nameLength = message[0] + (message[1] << 8);
        var json = Encoding.UTF8.GetBytes(change(message[start..]));
        return [.. Encoding.UTF8.GetBytes(message[..(2 + nameLength)]), .. BitConverter.GetBytes(json.Length), .. json];
    }

    /// <summary>An assembly with a message whose name is taken.</summary>
    private sealed class Twice : Assembly
    {
        public override Type[] GetTypes() => [typeof(BindPod), typeof(BindPod)];
    }
}
