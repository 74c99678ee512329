using Microsoft.Data.Sqlite;
using Orchestrator.Api.Commands;
using Orchestrator.Api.Security;
using Orchestrator.Engine.Configuration;
using Orchestrator.Engine.Persistence.Sql;
using Orchestrator.Engine.Persistence.Sql.Sqlite;
using Orchestrator.Resources;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Api.Commands;

public sealed class ClusterHostTests : IDisposable
{
    private readonly ClusterDirectory _directory = new(Path.Combine(Path.GetTempPath(), $"orchestrator-host-{Guid.NewGuid():N}"));

    public void Dispose() => Directory.Delete(_directory.Path, recursive: true);

    [Fact]
    public async Task The_default_roles_are_stored_once()
    {
        string uid;
        await using (var host = await StartAsync())
        {
            var cache = host.Plane.Services.Cache;
            foreach (var role in DefaultRoles.ClusterRoles) cache.Get(new ResourceKey("clusterroles.rbac.authorization.k8s.io", "", Name(role))).ShouldNotBeNull(Name(role));
            foreach (var binding in DefaultRoles.ClusterRoleBindings) cache.Get(new ResourceKey("clusterrolebindings.rbac.authorization.k8s.io", "", Name(binding))).ShouldNotBeNull(Name(binding));
            uid = cache.Get(new ResourceKey("clusterroles.rbac.authorization.k8s.io", "", "view"))!.Uid;
        }
        await using var again = await StartAsync();
        again.Plane.Services.Cache.Get(new ResourceKey("clusterroles.rbac.authorization.k8s.io", "", "view"))!.Uid.ShouldBe(uid);
    }

    [Fact]
    public async Task A_database_that_is_none_is_refused_with_its_name_and_what_to_do()
    {
        _directory.EnsureClusterId();
        await File.WriteAllTextAsync(_directory.Journal, new string('x', 5000));
        var error = await Should.ThrowAsync<JournalUnusableException>(StartAsync);
        error.Message.ShouldStartWith($"{_directory.Journal} is damaged");
        error.Message.ShouldContain("Restore it from a backup, or move it away");
        (await File.ReadAllTextAsync(_directory.Journal)).ShouldBe(new string('x', 5000));
    }

    [Fact]
    public async Task A_damaged_database_is_refused_and_left_as_it_is()
    {
        await (await StartAsync()).DisposeAsync();
        await using (var file = File.OpenWrite(_directory.Journal))
        {
            file.Position = 4 * 4096;
            await file.WriteAsync(Enumerable.Repeat((byte)0xA5, 3 * 4096).ToArray());
        }
        var damaged = await File.ReadAllBytesAsync(_directory.Journal);
        (await Should.ThrowAsync<JournalUnusableException>(StartAsync)).Message.ShouldStartWith($"{_directory.Journal} is damaged");
        (await File.ReadAllBytesAsync(_directory.Journal)).ShouldBe(damaged);
    }

    [Fact]
    public async Task A_database_in_use_is_refused_with_who_uses_it()
    {
        await using var first = await StartAsync();
        var error = await Should.ThrowAsync<JournalUnusableException>(StartAsync);
        error.Message.ShouldStartWith($"{_directory.Journal} is in use by process {Environment.ProcessId}");
        error.Message.ShouldContain("orchestrator down");
    }

    [Fact]
    public async Task A_database_that_another_program_has_locked_is_refused_with_what_to_do()
    {
        await (await StartAsync()).DisposeAsync();
        SqliteLibrary.EnsureLoaded();
        await using var other = new SqliteConnection($"Data Source={_directory.Journal};Pooling=False");
        await other.OpenAsync();
        await using var command = other.CreateCommand();
        command.CommandText = "BEGIN EXCLUSIVE";
        await command.ExecuteNonQueryAsync();
        var error = await Should.ThrowAsync<JournalUnusableException>(StartAsync);
        error.Message.ShouldStartWith($"{_directory.Journal} is locked by another program");
        error.Message.ShouldContain("Close it and start again");
    }

    private Task<ClusterHost> StartAsync()
    {
        var port = FreePort();
        return ClusterHost.StartAsync(ClusterConfiguration.From(HoconConfiguration.Build([], _ => null), new UpOptions(_directory.Path, Nodes: 0, Port: port)), _directory, TimeProvider.System, default);
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Name(System.Text.Json.Nodes.JsonObject obj) => (string)obj["metadata"]!["name"]!;
}
