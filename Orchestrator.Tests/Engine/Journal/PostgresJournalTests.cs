using Npgsql;
using Orchestrator.Engine.Persistence;
using Orchestrator.Engine.Persistence.Sql.Postgres;
using Shouldly;
using Xunit;

namespace Orchestrator.Tests.Engine.Journal;

[Trait("Needs", "postgres")]
public sealed class PostgresJournalTests : JournalSuite
{
    private string _connectionString = null!;

    public override async Task InitializeAsync()
    {
        _connectionString = await (await PostgresServer.Shared).CreateDatabaseAsync();
        await base.InitializeAsync();
    }

    protected override async ValueTask<IJournal> OpenAsync() => await PostgresMember.OpenAsync(_connectionString, "member-1");

    protected override Task FenceAsync() => PostgresMember.FenceAsync(_connectionString, "member-1");
}
