using Npgsql;

namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>
/// The tables of DESIGN §4 in PostgreSQL's words, and the functions that make each of the journal's transactions one round trip.
/// </summary>
/// <remarks>
/// Why functions: under READ COMMITTED a statement that waited for a row lock looks at every other table as of its own beginning. A plain
/// <c>UPDATE head … WHERE EXISTS (SELECT … FROM members …)</c> that waits behind the transaction which declares its member down would still see it up, and
/// commit. Inside a function each statement sees what was committed before that statement, so what is checked after the head was locked is the truth.
/// </remarks>
internal static class PostgresSchema
{
    /// <summary>Version of tables and functions; raised when a form that an older program cannot work with is first written.</summary>
    public const long Version = 2;

    /// <summary>Raised by functions for a member that may not write any more.</summary>
    public const string FencedState = "OR001";

    /// <summary>Raised by functions for a member that does not lead.</summary>
    public const string NotLeaderState = "OR002";

    /// <summary>Told the head after every commit.</summary>
    public const string JournalChannel = "orchestrator_journal";

    /// <summary>Told of every change in members and leases.</summary>
    public const string MembersChannel = "orchestrator_members";

    /// <summary>Key of the advisory lock under which tables are made ("orch").</summary>
    public const long SchemaLock = 0x6F726368;

    /// <summary>Key of the advisory lock of the one who compacts.</summary>
    public const long CompactionLock = SchemaLock + 1;

    // batch tells the rows of one append: how a writer that lost the answer finds its own, and not another member's that are byte for byte the same.
    // head is rewritten with every commit: room in its page keeps the new versions there, where they are pruned without a vacuum.
    private const string Tables = """
        CREATE TABLE journal (
          ordering bigint PRIMARY KEY,
          persistence_id text COLLATE "C" NOT NULL,
          sequence_nr bigint NOT NULL,
          operation text NOT NULL,
          written_at bigint NOT NULL,
          batch bigint NOT NULL DEFAULT 0,
          payload bytea NOT NULL,
          UNIQUE (persistence_id, sequence_nr)
        );
        CREATE TABLE head (ordering bigint NOT NULL, written_at bigint NOT NULL) WITH (fillfactor = 10);
        INSERT INTO head (ordering, written_at) VALUES (0, 0);
        CREATE TABLE members (
          id text PRIMARY KEY, instance uuid NOT NULL, address text NOT NULL, roles text[] NOT NULL, epoch bigint NOT NULL,
          state text NOT NULL, lease_until timestamptz NOT NULL, session bigint NOT NULL DEFAULT 0, backend int,
          unheard bigint[] NOT NULL DEFAULT '{}'
        ) WITH (fillfactor = 10);
        CREATE SEQUENCE member_epochs;
        CREATE TABLE leases (name text PRIMARY KEY, owner text NOT NULL, owner_epoch bigint NOT NULL, epoch bigint NOT NULL);
        CREATE SEQUENCE lease_epochs;
        CREATE TABLE shards (type text NOT NULL, shard text NOT NULL, owner text NOT NULL, epoch bigint NOT NULL, PRIMARY KEY (type, shard));
        CREATE TABLE meta (name text PRIMARY KEY, value bigint NOT NULL);
        INSERT INTO meta (name, value) VALUES ('compacted_to', 0);
        """;

    /// <summary>Of version 1, whose functions stay for members that still run it.</summary>
    private const string FromVersion1 = "ALTER TABLE members ADD COLUMN unheard bigint[] NOT NULL DEFAULT '{}'";

    /// <summary>Makes the tables in an empty database, or brings them up to date. Throws <see cref="JournalUnusableException"/> for one that holds something else.</summary>
    public static async Task EnsureAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        var transaction = await connection.BeginTransactionAsync(cancel).ConfigureAwait(false);
        await using var _ = transaction.ConfigureAwait(false);
        // Members that start together make them once.
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({SchemaLock})", cancel).ConfigureAwait(false);
        var name = connection.Database;
        if (await NumberAsync(connection, "SELECT count(*) FROM pg_database WHERE datname = current_database() AND pg_encoding_to_char(encoding) = 'UTF8'", cancel).ConfigureAwait(false) == 0)
            throw new JournalUnusableException($"The PostgreSQL database {name} is not encoded in UTF8. Make it with CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0.");
        var ours = await NumberAsync(connection, "SELECT count(*) FROM pg_class WHERE relname = 'meta' AND pg_table_is_visible(oid)", cancel).ConfigureAwait(false) == 1;
        if (!ours)
        {
            if (await NumberAsync(connection, "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace", cancel).ConfigureAwait(false) > 0)
                throw new JournalUnusableException($"The PostgreSQL database {name} holds tables of another program. Give Orchestrator a database of its own.");
            await ExecuteAsync(connection, Tables, cancel).ConfigureAwait(false);
            await ExecuteAsync(connection, PostgresFunctions.All, cancel).ConfigureAwait(false);
            await ExecuteAsync(connection, $"INSERT INTO meta (name, value) VALUES ('version', {Version})", cancel).ConfigureAwait(false);
        }
        else if (await NumberAsync(connection, "SELECT coalesce(max(value), 0) FROM meta WHERE name = 'version'", cancel).ConfigureAwait(false) is var version && version == 1)
        {
            await ExecuteAsync(connection, FromVersion1, cancel).ConfigureAwait(false);
            await ExecuteAsync(connection, PostgresFunctions.All, cancel).ConfigureAwait(false);
            await ExecuteAsync(connection, $"UPDATE meta SET value = {Version} WHERE name = 'version'", cancel).ConfigureAwait(false);
        }
        else if (version != Version)
        {
            throw new JournalUnusableException(
                $"The PostgreSQL database {name} has the journal's version {version}; this program reads version {Version}. Start the program version that wrote it, or restore a backup that fits.");
        }
        await transaction.CommitAsync(cancel).ConfigureAwait(false);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using var _ = command.ConfigureAwait(false);
        await command.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
    }

    private static async Task<long> NumberAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using var _ = command.ConfigureAwait(false);
        return (long)(await command.ExecuteScalarAsync(cancel).ConfigureAwait(false))!;
    }
}
