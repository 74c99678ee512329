using System.Security.Cryptography.X509Certificates;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Actor;
using Orchestrator.Protocol.Nodes;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Joining;

/// <summary>In virtual time: a year passes in milliseconds.</summary>
public sealed class CertificateRotationTests : Orchestrator.TestKit.TestKit
{
    [Theory]
    [InlineData(0, 70)]
    [InlineData(0.5, 80)]
    [InlineData(1, 90)]
    public void A_certificate_is_renewed_between_70_and_90_percent_of_its_life(double jitter, int day)
    {
        var from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        CertificateRotationActor.RenewAt(from, from.AddDays(100), jitter).ShouldBe(from.AddDays(day), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void It_is_renewed_in_time_and_tried_again_where_that_fails()
    {
        using var authority = CertificateAuthority.Create("test", Sys.TimeProvider);
        var first = authority.IssueClient(NodeUser.Of("w1"), NodeUser.Group);
        X509Certificate2? renewed = null;
        var trouble = 0;
        var probe = CreateTestProbe();
        KeepCertificate keep = (pem, key) =>
        {
            using var issued = X509Certificate2.CreateFromPem(pem);
            return renewed = issued.CopyWithPrivateKey(key);
        };
        Sys.ActorOf(Props.Create(() => new CertificateRotationActor("w1", first, probe.Ref, keep, _ => Interlocked.Increment(ref trouble), new Random(7))));

        var due = CertificateRotationActor.RenewAt(first.NotBefore.ToUniversalTime(), first.NotAfter.ToUniversalTime(), new Random(7).NextDouble()) - Sys.TimeProvider.GetUtcNow();
        Time.Advance(due - TimeSpan.FromMinutes(1));
        probe.ExpectNoMsg();
        Time.Advance(TimeSpan.FromMinutes(1));
        probe.ExpectMsg<RequestNodeCertificate>().NodeName.ShouldBe("w1");
        probe.Reply(new NodeCertificateRefused("not now"));
        AwaitCondition(() => Volatile.Read(ref trouble) == 1);
        for (var second = 0; probe.Pending == 0; second++)
        {
            second.ShouldBeLessThan(95, "it is tried again within a minute and a half");
            Time.Advance(TimeSpan.FromSeconds(1));
        }
        var request = probe.ExpectMsg<RequestNodeCertificate>();
        probe.Reply(new NodeCertificate(authority.Sign(RequestedCertificate.Parse(request.RequestPem), ["digital signature", "client auth"], null)));
        AwaitCondition(() => Volatile.Read(ref renewed) is not null);
        renewed!.HasPrivateKey.ShouldBeTrue();
        (renewed.NotAfter - first.NotAfter).ShouldBeGreaterThan(TimeSpan.FromDays(200));
    }
}
