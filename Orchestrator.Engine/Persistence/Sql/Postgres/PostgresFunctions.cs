namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>The database's own part of the journal and of membership; see <see cref="PostgresSchema"/> for why it is there.</summary>
internal static class PostgresFunctions
{
    // The newest number is asked per row with max(), which a plan can only answer by the index: a semi-join would be planned once, while the table is
    // small, as a scan of all of it.
    private const string Journal = $$"""
        CREATE FUNCTION journal_append(member text, at_epoch bigint, in_session bigint, write_of int[], ids text[], numbers bigint[], operations text[],
          payloads bytea[], OUT before bigint, OUT written bigint, OUT refused int[]) LANGUAGE plpgsql AS $f$
        DECLARE
          n bigint := cardinality(ids);
          out_of int[];
        BEGIN
          UPDATE head SET ordering = ordering + n, written_at = greatest(written_at, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
            RETURNING ordering - n, written_at INTO before, written;
          PERFORM 1 FROM members WHERE id = member AND epoch = at_epoch AND session = in_session AND state IN ('up', 'leaving');
          IF NOT FOUND THEN
            RAISE EXCEPTION 'member % may not write at epoch %', member, at_epoch USING ERRCODE = '{{PostgresSchema.FencedState}}';
          END IF;
          SELECT array_agg(r.i::int) INTO refused FROM unnest(ids, numbers) WITH ORDINALITY AS r (id, number, i)
            WHERE (SELECT max(j.sequence_nr) FROM journal j WHERE j.persistence_id = r.id) >= r.number;
          IF refused IS NULL THEN
            INSERT INTO journal (ordering, persistence_id, sequence_nr, operation, written_at, payload)
              SELECT before + r.i, r.id, r.number, r.operation, written, r.payload
              FROM unnest(ids, numbers, operations, payloads) WITH ORDINALITY AS r (id, number, operation, payload, i);
          ELSE
            SELECT array_agg(write_of[i]) INTO out_of FROM unnest(refused) AS i;
            INSERT INTO journal (ordering, persistence_id, sequence_nr, operation, written_at, payload)
              SELECT before + row_number() OVER (ORDER BY r.i), r.id, r.number, r.operation, written, r.payload
              FROM unnest(ids, numbers, operations, payloads, write_of) WITH ORDINALITY AS r (id, number, operation, payload, write, i)
              WHERE r.write <> ALL (out_of);
            GET DIAGNOSTICS n = ROW_COUNT;
            UPDATE head SET ordering = before + n;
          END IF;
          IF n > 0 THEN
            PERFORM pg_notify('{{PostgresSchema.JournalChannel}}', (before + n)::text);
          END IF;
        END $f$;

        -- A new session of a member's writer: what an earlier session may still have under way can never commit after this has. Null for a fenced member.
        CREATE FUNCTION journal_session(member text, at_epoch bigint) RETURNS bigint LANGUAGE plpgsql AS $f$
        DECLARE
          made bigint;
        BEGIN
          PERFORM 1 FROM head FOR UPDATE;
          UPDATE members SET session = session + 1 WHERE id = member AND epoch = at_epoch AND state IN ('up', 'leaving') RETURNING session INTO made;
          RETURN made;
        END $f$;
        """;

    /// <summary>Everything that is made with the tables.</summary>
    public const string All = Journal;
}
