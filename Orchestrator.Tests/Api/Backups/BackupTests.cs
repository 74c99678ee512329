using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Api.Backups;
using Orchestrator.Api.Commands;
using Orchestrator.Api.Security;
using Orchestrator.Tests.Engine.Journal;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Backups;

/// <summary>The commands <c>backup</c> and <c>restore</c> on whole control planes, each without nodes and in this process.</summary>
[Trait("Needs", "postgres")]
public sealed class BackupTests : IDisposable
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private readonly string _folder = Directory.CreateTempSubdirectory("backup-").FullName;
    private readonly int _port = FreePort();

    private static Progress Quiet => new(TextWriter.Null, false);

    private string BackupPath => Path.Combine(_folder, "backup.tar");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("sqlite", "postgres")]
    [InlineData("postgres", "sqlite")]
    public async Task A_restored_cluster_has_the_same_objects_keys_and_tokens_and_tells_old_watches_that_they_have_missed_something(string from, string to)
    {
        var old = await DirectoryAsync("old", from);
        string objects, token, before, after, changed;
        await using (await StartAsync(old))
        {
            using var admin = Client(old);
            for (var i = 0; i < 20; i++) await SendAsync(admin, HttpMethod.Post, ConfigMaps, ConfigMap($"c{i}", "one"), HttpStatusCode.Created);
            before = await VersionAsync(admin);
            await SendAsync(admin, HttpMethod.Put, $"{ConfigMaps}/c1", ConfigMap("c1", "two"));
            await SendAsync(admin, HttpMethod.Delete, $"{ConfigMaps}/c2", null);
            await SendAsync(admin, HttpMethod.Post, "/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"},"stringData":{"password":"swordfish"} }""", HttpStatusCode.Created);
            await SendAsync(admin, HttpMethod.Post, "/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"robot"} }""", HttpStatusCode.Created);
            token = (string)(await SendAsync(admin, HttpMethod.Post, "/api/v1/namespaces/default/serviceaccounts/robot/token", """{"spec":{}}""", HttpStatusCode.Created))["status"]!["token"]!;
            objects = await ItemsAsync(admin);
            await new BackupCommand(Quiet, TimeProvider.System).RunAsync(BackupPath, Options(old), old.Kubeconfig, default);
            // What the backup does not know of.
            changed = (await SendAsync(admin, HttpMethod.Put, $"{ConfigMaps}/c3", ConfigMap("c3", "late"))).ToJsonString();
            await SendAsync(admin, HttpMethod.Post, ConfigMaps, ConfigMap("late", "one"), HttpStatusCode.Created);
            after = await VersionAsync(admin);
            using var robot = Client(old, token);
            await SendAsync(robot, HttpMethod.Get, BackupEndpoint.Path, null, HttpStatusCode.Forbidden);
        }

        var made = await DirectoryAsync("made", to);
        var restore = new RestoreCommand(Quiet, TimeProvider.System);
        (await Should.ThrowAsync<CommandFailure>(() => restore.RunAsync(BackupPath, Options(made), false, default))).Message.ShouldContain("the backup has no keys");
        CopyKeys(old, made);
        await restore.RunAsync(BackupPath, Options(made), false, default);
        await using (await StartAsync(made))
        {
            using var admin = Client(old); // the old kubeconfig
            (await ItemsAsync(admin)).ShouldBe(objects);
            Encoding.UTF8.GetString(Convert.FromBase64String((string)(await SendAsync(admin, HttpMethod.Get, "/api/v1/namespaces/default/secrets/s", null))["data"]!["password"]!)).ShouldBe("swordfish");
            using var robot = Client(old, token);
            (await SendAsync(robot, HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", """{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}""", HttpStatusCode.Created))
                ["status"]!["userInfo"]!["username"]!.ToString().ShouldBe("system:serviceaccount:default:robot");

            foreach (var version in new[] { "1", before, after }) (await FirstEventAsync(admin, version)).ShouldSatisfyAllConditions(e => ((string?)e["type"]).ShouldBe("ERROR"), e => ((int)e["object"]!["code"]!).ShouldBe(410));
            var now = await VersionAsync(admin);
            long.Parse(now).ShouldBeGreaterThan(long.Parse(after));
            // Who read the change that is lost again does not overwrite what is there instead.
            await SendAsync(admin, HttpMethod.Put, $"{ConfigMaps}/c3", changed, HttpStatusCode.Conflict);
            var next = FirstEventAsync(admin, now);
            await SendAsync(admin, HttpMethod.Put, $"{ConfigMaps}/c4", ConfigMap("c4", "new"));
            (await next)["object"]!["metadata"]!["name"]!.ToString().ShouldBe("c4");
            long.Parse((string)(await next)["object"]!["metadata"]!["resourceVersion"]!).ShouldBeGreaterThan(long.Parse(after));
        }
        // And after a further start, too: the newest rows do not tell how far the journal is.
        await using (await StartAsync(made))
        {
            using var admin = Client(old);
            (await FirstEventAsync(admin, after))["object"]!["code"]!.ToString().ShouldBe("410");
        }
    }

    [Fact]
    public async Task A_stopped_clusters_backup_has_its_keys_and_makes_a_cluster_out_of_nothing_else()
    {
        var old = await DirectoryAsync("old", "sqlite");
        await using (await StartAsync(old))
        {
            using var admin = Client(old);
            await SendAsync(admin, HttpMethod.Post, "/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"},"data":{"password":"c3dvcmRmaXNo"} }""", HttpStatusCode.Created);
        }
        await new BackupCommand(Quiet, TimeProvider.System).RunAsync(BackupPath, Options(old), null, default);
        File.GetUnixFileMode(BackupPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Directory.GetFiles(_folder).ShouldBe([BackupPath]);

        var made = await DirectoryAsync("made", "sqlite");
        var restore = new RestoreCommand(Quiet, TimeProvider.System);
        var damaged = Path.Combine(_folder, "damaged.tar");
        var bytes = await File.ReadAllBytesAsync(BackupPath);
        foreach (var part in new[] { bytes[..100], bytes[..(bytes.Length / 2)], Encoding.UTF8.GetBytes("hello") })
        {
            await File.WriteAllBytesAsync(damaged, part);
            var refused = await Should.ThrowAsync<Exception>(() => restore.RunAsync(damaged, Options(made), false, default));
            (refused is CommandFailure or InvalidDataException).ShouldBeTrue(refused.ToString());
            Directory.GetFileSystemEntries(made.Path).ShouldBe([made.File(ClusterConfiguration.FileName)]);
        }
        await restore.RunAsync(BackupPath, Options(made), false, default);
        made.ClusterId.ShouldBe(old.ClusterId);
        (await Should.ThrowAsync<CommandFailure>(() => restore.RunAsync(BackupPath, Options(made), false, default))).Message.ShouldContain("--force");
        await using (await StartAsync(made))
        {
            using var admin = Client(old);
            await SendAsync(admin, HttpMethod.Delete, "/api/v1/namespaces/default/secrets/s", null);
        }

        await restore.RunAsync(BackupPath, Options(made), true, default);
        await using (await StartAsync(made))
        {
            using var admin = Client(old);
            ((string)(await SendAsync(admin, HttpMethod.Get, "/api/v1/namespaces/default/secrets/s", null))["data"]!["password"]!).ShouldBe("c3dvcmRmaXNo");
        }
    }

    [Fact]
    public async Task Another_clusters_directory_is_only_replaced_where_that_is_asked_for_and_its_keys_are_kept_aside()
    {
        var (old, other) = (await DirectoryAsync("old", "sqlite"), await DirectoryAsync("other", "sqlite"));
        await (await StartAsync(old)).DisposeAsync();
        await (await StartAsync(other)).DisposeAsync();
        await new BackupCommand(Quiet, TimeProvider.System).RunAsync(BackupPath, Options(old), null, default);
        var key = await File.ReadAllBytesAsync(Path.Combine(other.Pki, "ca.key"));
        var restore = new RestoreCommand(Quiet, TimeProvider.System);
        (await Should.ThrowAsync<CommandFailure>(() => restore.RunAsync(BackupPath, Options(other), false, default))).Message.ShouldContain("is another cluster's");
        (await File.ReadAllBytesAsync(Path.Combine(other.Pki, "ca.key"))).ShouldBe(key);
        await restore.RunAsync(BackupPath, Options(other), true, default);
        (await File.ReadAllBytesAsync(Path.Combine(Directory.GetDirectories(other.Path, "pki.before-*").Single(), "ca.key"))).ShouldBe(key);
        await using var started = await StartAsync(other);
        using var admin = Client(old);
        await VersionAsync(admin);
    }

    [Fact]
    public void Versions_go_on_above_all_that_were_given_out()
    {
        var now = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        RestoredHead.After(500, now).ShouldBe(1_795_262_400_000_000);
        RestoredHead.After(RestoredHead.After(500, now), now.AddSeconds(-5)).ShouldBeGreaterThan(RestoredHead.After(500, now)); // a clock that was set back
        RestoredHead.After(500, now.AddYears(50)).ShouldBeLessThan(1L << 53);
    }

    private async Task<ClusterDirectory> DirectoryAsync(string name, string product)
    {
        var directory = new ClusterDirectory(Path.Combine(_folder, name));
        Directory.CreateDirectory(directory.Path);
        var database = product == "sqlite" ? "" : $$"""akka.persistence.journal.sql { provider-name = postgresql, connection-string = "{{await (await PostgresServer.Shared).CreateDatabaseAsync()}}" }""";
        await File.WriteAllTextAsync(directory.File(ClusterConfiguration.FileName), $"orchestrator.api {{ address = 127.0.0.1, port = {_port} }}\n{database}\n");
        return directory;
    }

    private static UpOptions Options(ClusterDirectory directory) => new(directory.Path, Nodes: 0);

    private static Task<ClusterHost> StartAsync(ClusterDirectory directory) => ClusterHost.StartAsync(ClusterConfiguration.Load(Options(directory)), directory, TimeProvider.System, default);

    private static void CopyKeys(ClusterDirectory from, ClusterDirectory to)
    {
        Directory.CreateDirectory(to.Pki);
        foreach (var file in Directory.GetFiles(from.Pki)) File.Copy(file, Path.Combine(to.Pki, Path.GetFileName(file)));
    }

    private static HttpClient Client(ClusterDirectory directory, string? token = null)
    {
        var config = KubeconfigFile.Read(directory.Kubeconfig);
        var client = new HttpClient(new SocketsHttpHandler { SslOptions = ClusterTls.Trusting(config.Authority, token is null ? config.Client : null) }) { BaseAddress = config.Server };
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    private static async Task<JsonObject> SendAsync(HttpClient client, HttpMethod method, string path, string? body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(expected, text);
        return JsonNode.Parse(text)!.AsObject();
    }

    private static async Task<string> VersionAsync(HttpClient client) => (string)(await SendAsync(client, HttpMethod.Get, ConfigMaps, null))["metadata"]!["resourceVersion"]!;

    /// <summary>The config maps of the test, byte for byte; the namespace's own comes when it comes.</summary>
    private static async Task<string> ItemsAsync(HttpClient client) =>
        string.Join('\n', (await SendAsync(client, HttpMethod.Get, ConfigMaps, null))["items"]!.AsArray().Where(i => ((string)i!["metadata"]!["name"]!)[0] == 'c').Select(i => i!.ToJsonString()));

    private static async Task<JsonObject> FirstEventAsync(HttpClient client, string version)
    {
        using var answer = await client.GetAsync($"{ConfigMaps}?watch=1&resourceVersion={version}", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        return JsonNode.Parse((await lines.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)))!)!.AsObject();
    }

    private static string ConfigMap(string name, string value) => $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"v":"{{{value}}}"} }""";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
