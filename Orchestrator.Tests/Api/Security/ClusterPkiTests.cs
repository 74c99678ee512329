using System.Security.Cryptography.X509Certificates;
using Orchestrator.Actors.Certificates;
using Orchestrator.Api.Security;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Security;

public sealed class ClusterPkiTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"orchestrator-pki-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Every_file_is_readable_by_its_owner_only()
    {
        using var pki = ClusterPki.LoadOrCreate(_directory, [], TimeProvider.System);
        var files = Directory.GetFiles(_directory);
        files.Length.ShouldBe(12);
        foreach (var file in files) File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
    }

    [Fact]
    public void A_second_start_keeps_the_identity()
    {
        using var first = ClusterPki.LoadOrCreate(_directory, ["10.96.0.1"], TimeProvider.System);
        using var second = ClusterPki.LoadOrCreate(_directory, ["10.96.0.1"], TimeProvider.System);
        second.Authority.Certificate.Thumbprint.ShouldBe(first.Authority.Certificate.Thumbprint);
        second.Serving.Thumbprint.ShouldBe(first.Serving.Thumbprint);
        second.Admin.Thumbprint.ShouldBe(first.Admin.Thumbprint);
        second.EncryptionKey.ShouldBe(first.EncryptionKey);
    }

    [Fact]
    public void The_serving_certificate_is_reissued_when_it_does_not_cover_a_new_address()
    {
        using var first = ClusterPki.LoadOrCreate(_directory, [], TimeProvider.System);
        using var second = ClusterPki.LoadOrCreate(_directory, ["10.96.0.1", "api.example.org"], TimeProvider.System);
        second.Serving.Thumbprint.ShouldNotBe(first.Serving.Thumbprint);
        foreach (var host in (string[])["localhost", "127.0.0.1", "kubernetes.default.svc.cluster.local", "10.96.0.1", "api.example.org"])
            second.Serving.MatchesHostname(host).ShouldBeTrue(host);
        second.Authority.Certificate.Thumbprint.ShouldBe(first.Authority.Certificate.Thumbprint);
    }

    [Fact]
    public void Leaves_are_renewed_before_they_end()
    {
        using var first = ClusterPki.LoadOrCreate(_directory, [], TimeProvider.System);
        using var later = ClusterPki.LoadOrCreate(_directory, [], new FixedTime(TimeProvider.System.GetUtcNow() + CertificateAuthority.LeafLifetime - ClusterPki.RenewBefore + TimeSpan.FromDays(1)));
        later.Admin.Thumbprint.ShouldNotBe(first.Admin.Thumbprint);
        later.Serving.Thumbprint.ShouldNotBe(first.Serving.Thumbprint);
    }

    [Fact]
    public void A_machine_whose_clock_is_behind_that_of_the_one_that_made_the_keys_issues_certificates_that_both_take_for_valid()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var first = ClusterPki.LoadOrCreate(_directory, [], new FixedTime(now));
        var late = now - TimeSpan.FromMinutes(10);
        using var other = ClusterPki.LoadOrCreate(_directory, [], new FixedTime(late));
        using var issued = other.Authority.IssueMember("member", "members", ["10.0.0.1"]);
        foreach (var moment in new[] { now, late })
        {
            using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, VerificationTime = moment.UtcDateTime } };
            chain.ChainPolicy.CustomTrustStore.Add(first.Authority.Certificate);
            chain.Build(issued).ShouldBeTrue(string.Join(' ', chain.ChainStatus.Select(status => status.StatusInformation)));
        }
    }

    [Fact]
    public void A_damaged_key_is_named_and_not_replaced()
    {
        ClusterPki.LoadOrCreate(_directory, [], TimeProvider.System).Dispose();
        var path = Path.Combine(_directory, "ca.key");
        File.WriteAllText(path, "garbage");
        Should.Throw<InvalidDataException>(() => ClusterPki.LoadOrCreate(_directory, [], TimeProvider.System)).Message.ShouldContain(path);
        File.ReadAllText(path).ShouldBe("garbage");
    }

    [Fact]
    public void Only_client_certificates_of_the_own_authority_are_valid()
    {
        using var own = CertificateAuthority.Create("own", TimeProvider.System);
        using var other = CertificateAuthority.Create("own", TimeProvider.System);
        using var client = own.IssueClient("alice", "dev", "ops");
        using var stranger = other.IssueClient("alice", "dev");
        using var server = own.IssueServing("api", ["localhost"]);
        own.IsValidClient(X509CertificateLoader.LoadCertificate(client.RawData)).ShouldBeTrue();
        own.IsValidClient(stranger).ShouldBeFalse();
        own.IsValidClient(server).ShouldBeFalse();
        var (user, groups) = SubjectNames.Read(client.SubjectName);
        user.ShouldBe("alice");
        groups.ShouldBe(["dev", "ops"], ignoreOrder: true);
    }

    [Fact]
    public void An_expired_client_certificate_is_refused()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var past = CertificateAuthority.Create("ca", new FixedTime(now - TimeSpan.FromDays(400)));
        using var client = past.IssueClient("alice");
        past.IsValidClient(client).ShouldBeTrue();
        using var present = new CertificateAuthority(past.Certificate, new FixedTime(now));
        present.IsValidClient(client).ShouldBeFalse();
    }

    [Fact]
    public void The_kubeconfig_embeds_what_kubectl_needs()
    {
        using var pki = ClusterPki.LoadOrCreate(_directory, [], TimeProvider.System);
        var path = Path.Combine(_directory, "kubeconfig");
        Kubeconfig.Write(path, new Uri("https://127.0.0.1:6443/"), "orchestrator", pki.Authority, pki.Admin);
        File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var text = File.ReadAllText(path);
        text.ShouldContain("server: https://127.0.0.1:6443\n");
        text.ShouldContain("current-context: orchestrator");
        var certificate = text.Split('\n').Single(l => l.Contains("client-certificate-data", StringComparison.Ordinal)).Split(": ")[1];
        System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(certificate)).ShouldStartWith("-----BEGIN CERTIFICATE-----");
    }
}

/// <summary>A clock that stands still.</summary>
internal sealed class FixedTime(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
