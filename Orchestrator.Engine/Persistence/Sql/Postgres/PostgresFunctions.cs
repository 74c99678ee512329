namespace Orchestrator.Engine.Persistence.Sql.Postgres;

/// <summary>The database's own part of the journal and of membership; see <see cref="PostgresSchema"/> for why it is there.</summary>
internal static class PostgresFunctions
{
    // The newest number is asked per row with max(), which a plan can only answer by the index: a semi-join would be planned once, while the table is
    // small, as a scan of all of it.
    private const string Journal = $$"""
        CREATE OR REPLACE FUNCTION journal_append(member text, at_epoch bigint, in_session bigint, batch_id bigint, write_of int[], ids text[], numbers bigint[], operations text[],
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
            INSERT INTO journal (ordering, persistence_id, sequence_nr, operation, written_at, batch, payload)
              SELECT before + r.i, r.id, r.number, r.operation, written, batch_id, r.payload
              FROM unnest(ids, numbers, operations, payloads) WITH ORDINALITY AS r (id, number, operation, payload, i);
          ELSE
            SELECT array_agg(write_of[i]) INTO out_of FROM unnest(refused) AS i;
            INSERT INTO journal (ordering, persistence_id, sequence_nr, operation, written_at, batch, payload)
              SELECT before + row_number() OVER (ORDER BY r.i), r.id, r.number, r.operation, written, batch_id, r.payload
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
        CREATE OR REPLACE FUNCTION journal_session(member text, at_epoch bigint) RETURNS bigint LANGUAGE plpgsql AS $f$
        DECLARE
          made bigint;
        BEGIN
          PERFORM 1 FROM head FOR UPDATE;
          UPDATE members SET session = session + 1, backend = pg_backend_pid() WHERE id = member AND epoch = at_epoch AND state IN ('up', 'leaving') RETURNING session INTO made;
          RETURN made;
        END $f$;
        """;

    // Locks are taken in the order head, leases, members, so that no two transactions wait for each other.
    private const string Membership = $$"""
        CREATE OR REPLACE FUNCTION lease_held(lease text) RETURNS boolean LANGUAGE sql STABLE AS $f$
          SELECT EXISTS (SELECT 1 FROM leases l JOIN members m ON m.id = l.owner AND m.epoch = l.owner_epoch
            WHERE l.name = lease AND m.state IN ('up', 'leaving') AND (l.name <> 'leader' OR m.lease_until > clock_timestamp()))
        $f$;

        -- A new life of a member. Null, and nothing done, where another process lives under that id and is not to be replaced.
        CREATE OR REPLACE FUNCTION member_join(member text, process uuid, at_address text, has_roles text[], lease interval, take_over boolean) RETURNS bigint LANGUAGE plpgsql AS $f$
        DECLARE
          made bigint;
        BEGIN
          PERFORM 1 FROM head FOR UPDATE;
          IF NOT take_over AND EXISTS (SELECT 1 FROM members
            WHERE id = member AND instance <> process AND state IN ('joining', 'up', 'leaving') AND lease_until > clock_timestamp()) THEN
            RETURN NULL;
          END IF;
          INSERT INTO members (id, instance, address, roles, epoch, state, lease_until)
            VALUES (member, process, at_address, has_roles, nextval('member_epochs'), 'joining', clock_timestamp() + lease)
            ON CONFLICT (id) DO UPDATE SET instance = excluded.instance, address = excluded.address, roles = excluded.roles, epoch = excluded.epoch,
              state = excluded.state, lease_until = excluded.lease_until, session = 0, backend = NULL
            RETURNING epoch INTO made;
          NOTIFY {{PostgresSchema.MembersChannel}};
          RETURN made;
        END $f$;

        CREATE OR REPLACE FUNCTION member_become(member text, at_epoch bigint, new_state text, old_states text[]) RETURNS boolean LANGUAGE plpgsql AS $f$
        BEGIN
          UPDATE members SET state = new_state WHERE id = member AND epoch = at_epoch AND state = ANY (old_states);
          IF FOUND THEN
            NOTIFY {{PostgresSchema.MembersChannel}};
          END IF;
          RETURN FOUND;
        END $f$;

        -- Shows that a member lives, competes for the wanted leases, and tells how everything stands.
        CREATE OR REPLACE FUNCTION member_beat(member text, at_epoch bigint, lease interval, wanted text[], not_heard bigint[]) RETURNS text LANGUAGE plpgsql AS $f$
        DECLARE
          wish text;
        BEGIN
          IF EXISTS (SELECT 1 FROM members WHERE id = member AND epoch = at_epoch AND state = 'up') THEN
            FOREACH wish IN ARRAY wanted LOOP
              -- Mostly somebody has it: no lock for that.
              CONTINUE WHEN lease_held(wish);
              INSERT INTO leases (name, owner, owner_epoch, epoch) VALUES (wish, '', 0, 0) ON CONFLICT DO NOTHING;
              PERFORM 1 FROM leases WHERE name = wish FOR UPDATE;
              CONTINUE WHEN lease_held(wish);
              UPDATE leases SET owner = member, owner_epoch = at_epoch, epoch = nextval('lease_epochs') WHERE name = wish;
              NOTIFY {{PostgresSchema.MembersChannel}};
            END LOOP;
          END IF;
          UPDATE members SET lease_until = clock_timestamp() + lease, unheard = not_heard WHERE id = member AND epoch = at_epoch AND state IN ('joining', 'up', 'leaving');
          RETURN json_build_object(
            'members', coalesce((SELECT json_agg(json_build_object('id', id, 'instance', instance, 'address', address, 'roles', roles, 'epoch', epoch, 'state', state,
              'expired', lease_until <= clock_timestamp(), 'unheard', unheard) ORDER BY id) FROM members), '[]'),
            'leases', coalesce((SELECT json_agg(json_build_object('name', name, 'owner', owner, 'ownerEpoch', owner_epoch, 'epoch', epoch) ORDER BY name)
              FROM leases WHERE lease_held(name)), '[]'))::text;
        END $f$;

        -- Declares members down whose lease is over, and the living ones that are named as such. Waiting for the head means that what they have under way is committed before, or never.
        CREATE OR REPLACE FUNCTION members_down(leader text, leader_epoch bigint, ids text[], epochs bigint[], living boolean[], keep interval) RETURNS text[] LANGUAGE plpgsql AS $f$
        DECLARE
          downed text[];
        BEGIN
          -- A member that was stopped in the middle of a commit may hold the head: its connection is ended first.
          PERFORM pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN members m ON m.backend = a.pid
            WHERE m.id = ANY (ids) AND m.lease_until <= clock_timestamp() AND a.application_name = 'orchestrator writer' AND a.datname = current_database();
          PERFORM 1 FROM head FOR UPDATE;
          PERFORM 1 FROM leases WHERE name = 'leader' AND owner = leader AND owner_epoch = leader_epoch FOR SHARE;
          IF NOT FOUND THEN
            RAISE EXCEPTION 'member % does not lead at epoch %', leader, leader_epoch USING ERRCODE = '{{PostgresSchema.NotLeaderState}}';
          END IF;
          WITH changed AS (
            UPDATE members m SET state = 'down', lease_until = least(m.lease_until, clock_timestamp()) FROM unnest(ids, epochs, living) AS t (id, epoch, lives)
              WHERE m.id = t.id AND m.epoch = t.epoch AND m.state IN ('joining', 'up', 'leaving') AND (t.lives OR m.lease_until <= clock_timestamp()) RETURNING m.id)
            SELECT array_agg(id) INTO downed FROM changed;
          DELETE FROM members WHERE state = 'down' AND lease_until < clock_timestamp() - keep;
          IF FOUND OR downed IS NOT NULL THEN
            NOTIFY {{PostgresSchema.MembersChannel}};
          END IF;
          RETURN coalesce(downed, ARRAY[]::text[]);
        END $f$;

        CREATE OR REPLACE FUNCTION member_remove(member text, at_epoch bigint) RETURNS void LANGUAGE plpgsql AS $f$
        BEGIN
          PERFORM 1 FROM head FOR UPDATE;
          DELETE FROM members WHERE id = member AND epoch = at_epoch;
          NOTIFY {{PostgresSchema.MembersChannel}};
        END $f$;

        CREATE OR REPLACE FUNCTION member_unreachable(member text, at_epoch bigint) RETURNS void LANGUAGE plpgsql AS $f$
        BEGIN
          UPDATE members SET lease_until = clock_timestamp() WHERE id = member AND epoch = at_epoch AND state IN ('joining', 'up', 'leaving') AND lease_until > clock_timestamp();
          IF FOUND THEN
            NOTIFY {{PostgresSchema.MembersChannel}};
          END IF;
        END $f$;

        CREATE OR REPLACE FUNCTION lease_release(lease text, member text, at_epoch bigint) RETURNS void LANGUAGE plpgsql AS $f$
        BEGIN
          UPDATE leases SET owner = '', owner_epoch = 0 WHERE name = lease AND owner = member AND owner_epoch = at_epoch;
          IF FOUND THEN
            NOTIFY {{PostgresSchema.MembersChannel}};
          END IF;
        END $f$;

        -- Gives shards to a member, each at its next epoch, for the leader only: its lease cannot go to somebody else before this is committed.
        CREATE OR REPLACE FUNCTION shards_assign(leader text, leader_epoch bigint, of_type text, names text[], new_owner text)
          RETURNS TABLE (assigned text, assigned_epoch bigint) LANGUAGE plpgsql AS $f$
        BEGIN
          PERFORM 1 FROM leases WHERE name = 'leader' AND owner = leader AND owner_epoch = leader_epoch FOR SHARE;
          IF NOT FOUND OR NOT EXISTS (SELECT 1 FROM members WHERE id = leader AND epoch = leader_epoch AND state IN ('up', 'leaving')) THEN
            RAISE EXCEPTION 'member % does not lead at epoch %', leader, leader_epoch USING ERRCODE = '{{PostgresSchema.NotLeaderState}}';
          END IF;
          RETURN QUERY INSERT INTO shards AS s (type, shard, owner, epoch) SELECT of_type, n, new_owner, 1 FROM unnest(names) AS n
            ON CONFLICT (type, shard) DO UPDATE SET owner = excluded.owner, epoch = s.epoch + 1 RETURNING s.shard, s.epoch;
        END $f$;
        """;

    /// <summary>Everything that is made with the tables.</summary>
    public const string All = Journal + Membership;
}
