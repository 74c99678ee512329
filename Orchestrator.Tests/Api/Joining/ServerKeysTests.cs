using System.Text;
using Orchestrator.Api.Joining;
using Orchestrator.Api.Security;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Joining;

public sealed class ServerKeysTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("server-keys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_sealed_makes_the_same_keys_elsewhere_and_shows_nothing_of_them()
    {
        using var made = ClusterPki.LoadOrCreate(Path.Combine(_folder, "one"), [], TimeProvider.System);
        var (sealedKeys, key) = ServerKeys.Read(Path.Combine(_folder, "one"), "c1").Seal("abcdef");
        Encoding.Latin1.GetString(sealedKeys).ShouldNotContain("PRIVATE KEY");
        var opened = ServerKeys.Open(sealedKeys, key, "abcdef");
        opened.ClusterId.ShouldBe("c1");
        opened.Write(Path.Combine(_folder, "two"));
        using var joined = ClusterPki.LoadOrCreate(Path.Combine(_folder, "two"), [], TimeProvider.System);
        joined.Authority.PublicKeyHash.ShouldBe(made.Authority.PublicKeyHash);
        joined.EncryptionKey.ShouldBe(made.EncryptionKey);
        joined.ServiceAccountKey.ExportPkcs8PrivateKey().ShouldBe(made.ServiceAccountKey.ExportPkcs8PrivateKey());
        foreach (var file in Directory.GetFiles(Path.Combine(_folder, "two"))) File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
    }

    [Fact]
    public void Another_key_another_tokens_keys_and_damaged_ones_are_refused()
    {
        using var made = ClusterPki.LoadOrCreate(Path.Combine(_folder, "one"), [], TimeProvider.System);
        var keys = ServerKeys.Read(Path.Combine(_folder, "one"), "c1");
        var (sealedKeys, key) = keys.Seal("abcdef");
        var (_, other) = keys.Seal("abcdef");
        foreach (var (content, with, token) in new[]
                 {
                     (sealedKeys, other, "abcdef"), (sealedKeys, key, "fedcba"), ([.. sealedKeys[..^1], (byte)(sealedKeys[^1] ^ 1)], key, "abcdef"),
                     (sealedKeys[..10], key, "abcdef"), (sealedKeys, "short", "abcdef"), (sealedKeys, key + "A", "abcdef"),
                 })
            Should.Throw<JoinRefusedException>(() => ServerKeys.Open(content, with, token)).Message.ShouldContain("--server-key");
    }
}
