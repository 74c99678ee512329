using System.Security.Cryptography;
using Orchestrator.Api.Security;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Security;

public sealed class ServiceAccountTokensTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => _key.Dispose();

    private ServiceAccountTokens At(DateTimeOffset now) => new(_key, new FixedTime(now));

    private IssuedToken Issue(params string[] audiences) =>
        At(Now).Issue(new TokenRequest("default", "builder", "sa-uid", audiences, TimeSpan.FromHours(1)) { Bound = new BoundObject("Pod", "web-1", "pod-uid"), NodeName = "n1", NodeUid = "node-uid" });

    [Fact]
    public void A_token_tells_account_pod_and_node()
    {
        var issued = Issue();
        issued.Expires.ShouldBe(Now + TimeSpan.FromHours(1));
        var claims = At(Now).Verify(issued.Token, []).ShouldNotBeNull();
        claims.Bound.ShouldBe(new BoundObject("Pod", "web-1", "pod-uid"));
        var user = claims.ToUser();
        user.Name.ShouldBe("system:serviceaccount:default:builder");
        user.Uid.ShouldBe("sa-uid");
        user.Groups.ShouldBe(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]);
        user.Extra["authentication.kubernetes.io/pod-name"].ShouldBe(["web-1"]);
        user.Extra["authentication.kubernetes.io/node-name"].ShouldBe(["n1"]);
    }

    [Fact]
    public void A_token_ends_at_its_expiry()
    {
        var token = Issue().Token;
        At(Now + TimeSpan.FromMinutes(59)).Verify(token, []).ShouldNotBeNull();
        At(Now + TimeSpan.FromHours(1)).Verify(token, []).ShouldBeNull();
    }

    [Fact]
    public void A_token_counts_only_for_its_audience()
    {
        var token = Issue("vault").Token;
        At(Now).Verify(token, []).ShouldBeNull();
        At(Now).Verify(token, ["vault", "other"]).ShouldNotBeNull().Audiences.ShouldBe(["vault"]);
    }

    [Fact]
    public void A_changed_or_foreign_token_is_refused()
    {
        var token = Issue().Token;
        var parts = token.Split('.');
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var foreign = new ServiceAccountTokens(other, new FixedTime(Now)).Issue(new TokenRequest("default", "builder", "sa-uid", [], TimeSpan.FromHours(1))).Token;
        foreach (var bad in (string[])[foreign, $"{parts[0]}.{foreign.Split('.')[1]}.{parts[2]}", $"{parts[0]}.{parts[1]}.", "", "a.b.c", token + "x", $"eyJhbGciOiJub25lIn0.{parts[1]}."])
            At(Now).Verify(bad, []).ShouldBeNull(bad);
    }

    [Fact]
    public void The_published_key_verifies_a_token()
    {
        var token = Issue().Token.Split('.');
        var jwk = At(Now).KeySet()["keys"]![0]!;
        static byte[] Decode(string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);
        using var published = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Decode((string)jwk["x"]!), Y = Decode((string)jwk["y"]!) } });
        published.VerifyData(System.Text.Encoding.ASCII.GetBytes($"{token[0]}.{token[1]}"), Decode(token[2]), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation).ShouldBeTrue();
    }
}
