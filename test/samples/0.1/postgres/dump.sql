SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA accounts;
CREATE SCHEMA bank;
CREATE SCHEMA totals;
CREATE FUNCTION accounts.is_live(asked bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
       BEGIN
         IF (SELECT number FROM "accounts".live) = asked THEN RETURN true; END IF;
         RAISE EXCEPTION 'generation % is not the live one', asked USING ERRCODE = 'ES001';
       END $$;
CREATE FUNCTION bank.refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'history is append-only: what is stored in % never changes and never goes', TG_TABLE_NAME; END $$;
CREATE FUNCTION bank.store_commit(count bigint, last_time text, basis_revision bigint, basis_head bigint, ids text[], types text[], versions bigint[], streams text[], times text[], payloads text[], metas text[], stated_streams text[], stated_versions bigint[], channel text, OUT before bigint, OUT stored_at text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
    BEGIN
      PERFORM FROM unnest(stated_streams, stated_versions) AS s(stream, version)
      WHERE (SELECT l.version FROM "bank".links l WHERE l.stream = s.stream LIMIT 1) IS NOT NULL
        OR s.version > 0 AND (SELECT e.version FROM "bank".events e WHERE e.stream = s.stream AND e.version = s.version) IS NULL;
      IF FOUND THEN RETURN; END IF;
      UPDATE "bank".head h SET position = h.position + count, time = coalesce(last_time, greatest(h.time, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') COLLATE "C"))
      WHERE h.one AND h.revision = basis_revision AND (basis_head IS NULL OR h.position = basis_head)
      RETURNING h.position - count, h.time INTO before, stored_at;
      IF NOT FOUND THEN RETURN; END IF;
      INSERT INTO "bank".events (position, id, type, version, stream, time, payload, meta)
      SELECT before + e.n, e.id, e.type, e.version, e.stream, coalesce(e.time, stored_at), e.payload, e.meta
      FROM unnest(ids, types, versions, streams, times, payloads, metas)
        WITH ORDINALITY AS e(id, type, version, stream, time, payload, meta, n);
      IF channel IS NOT NULL THEN PERFORM pg_notify(channel, (before + count)::text); END IF;
      RETURN NEXT;
    END
  $$;
CREATE FUNCTION totals.is_live(asked bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
       BEGIN
         IF (SELECT number FROM "totals".live) = asked THEN RETURN true; END IF;
         RAISE EXCEPTION 'generation % is not the live one', asked USING ERRCODE = 'ES001';
       END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE accounts.about (
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL
);
CREATE TABLE accounts.generations (
    number bigint NOT NULL,
    fields text NOT NULL,
    definition text NOT NULL,
    request_id text NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    position_id text,
    folded bigint DEFAULT 0 NOT NULL,
    reordered boolean DEFAULT false NOT NULL,
    log text,
    last_commit text NOT NULL,
    touched timestamp with time zone DEFAULT clock_timestamp() NOT NULL
)
WITH (fillfactor='10');
ALTER TABLE accounts.generations ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME accounts.generations_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE accounts.live (
    one boolean DEFAULT true NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT live_one_check CHECK (one)
);
CREATE TABLE accounts.parked (
    generation bigint NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    event text NOT NULL
);
CREATE TABLE accounts.rows_2 (
    id text NOT NULL COLLATE pg_catalog."C",
    owner text COLLATE pg_catalog."C",
    country text COLLATE pg_catalog."C",
    balance bigint,
    "isFlagged" boolean
);
CREATE TABLE bank.about (
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL
);
CREATE TABLE bank.claim_scopes (
    generation text NOT NULL COLLATE pg_catalog."C",
    definition text NOT NULL,
    types text NOT NULL,
    "position" bigint NOT NULL,
    unfolded bigint NOT NULL,
    scope text NOT NULL COLLATE pg_catalog."C",
    used bigint NOT NULL
);
CREATE TABLE bank.claims (
    generation text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C",
    stream text NOT NULL
);
CREATE TABLE bank.events (
    "position" bigint NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    stream text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "time" text NOT NULL COLLATE pg_catalog."C",
    payload text NOT NULL,
    meta text NOT NULL
);
CREATE TABLE bank.head (
    one boolean DEFAULT true NOT NULL,
    "position" bigint NOT NULL,
    "time" text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    CONSTRAINT head_one_check CHECK (one)
)
WITH (fillfactor='10');
CREATE TABLE bank.leases (
    name text NOT NULL COLLATE pg_catalog."C",
    holder text NOT NULL,
    epoch bigint NOT NULL,
    mark text NOT NULL,
    ttl integer NOT NULL
);
CREATE TABLE bank.links (
    stream text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    "position" bigint NOT NULL
);
CREATE TABLE bank.state (
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL,
    revision bigint NOT NULL
);
CREATE TABLE totals.about (
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL
);
CREATE TABLE totals.generations (
    number bigint NOT NULL,
    fields text NOT NULL,
    definition text NOT NULL,
    request_id text NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    position_id text,
    folded bigint DEFAULT 0 NOT NULL,
    reordered boolean DEFAULT false NOT NULL,
    log text,
    last_commit text NOT NULL,
    touched timestamp with time zone DEFAULT clock_timestamp() NOT NULL
)
WITH (fillfactor='10');
ALTER TABLE totals.generations ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME totals.generations_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE totals.live (
    one boolean DEFAULT true NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT live_one_check CHECK (one)
);
CREATE TABLE totals.parked (
    generation bigint NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    event text NOT NULL
);
CREATE TABLE totals.rows_1 (
    id text NOT NULL COLLATE pg_catalog."C",
    amount bigint
);
INSERT INTO accounts.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO accounts.about VALUES ('identity', 'c748082b-2ab6-4ec9-ac5d-5cdb5e559173');
INSERT INTO accounts.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}]}', '01a22d6e-4224-71f2-8025-5d6e625c49fc', 15, '01a22d6e-42c2-7708-b715-c260d67de46e', 15, false, 'b58c153a-80a6-4f6e-858a-e4e002038013', 'b760a811-bc59-41d0-934a-39f3924a3297', '2026-11-30 17:08:50.506031+00');
INSERT INTO accounts.live VALUES (true, 2);
INSERT INTO accounts.parked VALUES (2, '01a22d6e-4018-7173-b2dc-5bce64a09f1d', 6, '{"$format":1,"id":"01a22d6e-4018-7173-b2dc-5bce64a09f1d","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T17:08:50.393Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22d6e-40ae-7149-a454-9e1c0905d3cd', 12, '{"$format":1,"id":"01a22d6e-40ae-7149-a454-9e1c0905d3cd","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T17:08:50.411Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', 'b58c153a-80a6-4f6e-858a-e4e002038013');
INSERT INTO bank.about VALUES ('migration 1', '7b83c00e8475156430b5fc2691cf730c52991b56af06fee75b9bcca99e7ed153');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', '4ad3ad10cb827b8aea89eeb39e664682a8086503f39558c7995b7f2b4614b821', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796058529231);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', 'd9c871bbbf27894249fb5800effebffea6a31963cd040286de602dfb79017262', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796058529365);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-11-30T17:08:49.519Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"1bc3d77a-748f-4ab3-9130-d6e0c950d336","causationId":"1bc3d77a-748f-4ab3-9130-d6e0c950d336","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22d6e-3f07-72c3-a0fc-9f907877854d', 'account.opened', 'account-2', 1, '2026-11-30T17:08:49.548Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"35b9219c-c1d1-4bd7-a4cf-42f906b9b2ad","causationId":"35b9219c-c1d1-4bd7-a4cf-42f906b9b2ad","$command":{"id":"35b9219c-c1d1-4bd7-a4cf-42f906b9b2ad","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22d6e-3f16-710a-933f-20d3694bf53b', 'account.opened', 'account-old', 1, '2026-11-30T17:08:49.571Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"2f2dbf96-18b3-49d4-bc26-dd5cf04429f0","causationId":"2f2dbf96-18b3-49d4-bc26-dd5cf04429f0"}');
INSERT INTO bank.events VALUES (4, '01a22d6e-3f8d-735b-aa55-249f958d51f4', 'account.deposited', 'account-1', 2, '2026-11-30T17:08:49.688Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"0d9a4951-9984-4702-9677-eff85f4bfa4a","causationId":"0d9a4951-9984-4702-9677-eff85f4bfa4a","$command":{"id":"0d9a4951-9984-4702-9677-eff85f4bfa4a","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22d6e-3ff3-75b3-a888-2b7b89862287', 'account.closed', 'account-2', 2, '2026-11-30T17:08:49.809Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"94aa72c3-250f-4cfb-bddc-646717989497","causationId":"94aa72c3-250f-4cfb-bddc-646717989497","$command":{"id":"94aa72c3-250f-4cfb-bddc-646717989497","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22d6e-4018-7173-b2dc-5bce64a09f1d', 'account.flagged', 'account-old', 2, '2026-11-30T17:08:49.819Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"45471a47-90fb-4bd7-8434-9fd22a70e710","causationId":"45471a47-90fb-4bd7-8434-9fd22a70e710","$command":{"id":"45471a47-90fb-4bd7-8434-9fd22a70e710","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, 'b8f6526c-b5ff-5e93-a015-b9cb64596530', 'account.reminded', 'account-old', 3, '2026-11-30T17:08:49.852Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"45471a47-90fb-4bd7-8434-9fd22a70e710","causationId":"01a22d6e-4018-7173-b2dc-5bce64a09f1d","$causationDepth":1,"$command":{"id":"7d3e767a-ee92-5fda-9141-98bdf76b69c1","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22d6e-4072-74dd-b97b-2e19d7a0165e', 'account.deposited', 'account-old', 4, '2026-11-30T17:08:49.908Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"c4b474bb-b54d-49bb-8b31-c1c5a7a03b2d","causationId":"c4b474bb-b54d-49bb-8b31-c1c5a7a03b2d","$command":{"id":"c4b474bb-b54d-49bb-8b31-c1c5a7a03b2d","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22d6e-4076-76ef-ad54-cfea010ced4e', 'account.flagged', 'account-1', 3, '2026-11-30T17:08:49.912Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"c343897f-fadd-4611-bfae-dfeee16f590f","causationId":"c343897f-fadd-4611-bfae-dfeee16f590f","$command":{"id":"c343897f-fadd-4611-bfae-dfeee16f590f","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22d6e-408d-7710-8afb-3e1bdc14d545', 'account.opened', 'account-3', 1, '2026-11-30T17:08:49.943Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"163dac9c-f962-4a9e-87c9-a2a6ced90ddf","causationId":"163dac9c-f962-4a9e-87c9-a2a6ced90ddf","$command":{"id":"163dac9c-f962-4a9e-87c9-a2a6ced90ddf","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, 'fb9e15f8-ded0-583c-946c-e8716b37d0c4', 'account.reminded', 'account-1', 4, '2026-11-30T17:08:49.975Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"c343897f-fadd-4611-bfae-dfeee16f590f","causationId":"01a22d6e-4076-76ef-ad54-cfea010ced4e","$causationDepth":1,"$command":{"id":"2824c79a-53a2-5c0c-8bf3-04156335495a","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (12, '01a22d6e-40ae-7149-a454-9e1c0905d3cd', 'account.flagged', 'account-3', 2, '2026-11-30T17:08:49.975Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"e2dc3db7-36d9-4701-9f80-1ae6965bfd2c","causationId":"e2dc3db7-36d9-4701-9f80-1ae6965bfd2c","$command":{"id":"e2dc3db7-36d9-4701-9f80-1ae6965bfd2c","name":"account.flag"}}');
INSERT INTO bank.events VALUES (13, '013a8073-e753-52fa-b9dd-15b9d5b02ff9', '$snapshot.started', '$table-accounts', 1, '2026-11-30T17:08:50.451Z', '{"id":"01a22d6e-428a-70e7-8565-b116bb07f7c9","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"6f2c03a9-dc63-4a7a-bef3-b34c113a8e3e","causationId":"6f2c03a9-dc63-4a7a-bef3-b34c113a8e3e"}');
INSERT INTO bank.events VALUES (14, '26016526-c244-594b-9554-feceb37c6b8c', '$snapshot.completed', '$table-accounts', 2, '2026-11-30T17:08:50.474Z', '{"id":"01a22d6e-428a-70e7-8565-b116bb07f7c9","table":"accounts","node":"sample","time":"2026-11-30T17:08:50.442Z","position":12,"rows":3,"checksum":"7ba571a3924c2989c9fab869ef594ff2841b87a98d0a3655a055921b7eceb1bc","definition":"ff32b5423423b7674ddf0da9185b6f5dc3fa3849af331aea24cfb7f14d1c1880","format":1,"bytes":2036,"durationMs":23,"log":"b58c153a-80a6-4f6e-858a-e4e002038013","reordered":false}', '{"schemaVersion":1,"correlationId":"82bf4b8e-5a4a-4fb5-ba19-40e622eca242","causationId":"82bf4b8e-5a4a-4fb5-ba19-40e622eca242"}');
INSERT INTO bank.events VALUES (15, '01a22d6e-42c2-7708-b715-c260d67de46e', 'account.deposited', 'account-1', 5, '2026-11-30T17:08:50.499Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"14f08668-748a-4ee7-a08c-67df96763f73","causationId":"14f08668-748a-4ee7-a08c-67df96763f73","$command":{"id":"14f08668-748a-4ee7-a08c-67df96763f73","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-11-30T17:08:50.499Z', 1796058529772913);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, 'eb417419-ddd0-4e7c-bd55-1ff140925105', 3000);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, 'd635feb5-deae-4f76-8fc0-92a9dde20625', 3000);
INSERT INTO bank.leases VALUES ('table/accounts', '', 1, 'd6161f02-2d5a-4806-a39c-5d6994b6e44e', 3000);
INSERT INTO bank.leases VALUES ('table/totals', '', 1, 'c1a3cdae-4499-445c-9f15-10f9880ab385', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '719210bd-46d8-4923-be15-98949823d109', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-16T17:08:49.519Z","data":null,"correlationId":"1bc3d77a-748f-4ab3-9130-d6e0c950d336","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"85f025b8-8865-5b28-b1b5-778da42674c9","name":"soon","when":"2026-11-30T17:09:20.499Z","data":null,"correlationId":"14f08668-748a-4ee7-a08c-67df96763f73","causationId":"01a22d6e-42c2-7708-b715-c260d67de46e","depth":0}],"since":"2026-11-30T17:08:49.519Z"}', 6);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1","version":4,"position":11,"time":"2026-11-30T17:08:49.975Z","eventId":"fb9e15f8-ded0-583c-946c-e8716b37d0c4","state":{"balance":5},"checksum":"301c4f1bdc954f15cb72c2e9bd13208588db6d7749d9a1b8cb3fa7ef3b5f6a4e"}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1","version":4,"position":8,"time":"2026-11-30T17:08:49.908Z","eventId":"01a22d6e-4072-74dd-b97b-2e19d7a0165e","state":{"balance":3},"checksum":"88b6dcdac051039230868340311f2bc6d79f7ca2e11e5b660f8a2bc175e44d8e"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22d6e-42c2-7708-b715-c260d67de46e","log":"b58c153a-80a6-4f6e-858a-e4e002038013","parked":[{"id":"01a22d6e-4018-7173-b2dc-5bce64a09f1d","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T17:08:49.861Z","process":"old","kind":"event"},{"id":"01a22d6e-40ae-7149-a454-9e1c0905d3cd","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T17:08:50.086Z","process":"","kind":"event"}]}', 15);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"6dc57cf3-9d95-5093-8576-a40ec2d73bf6","name":"later","when":"2035-02-16T17:08:49.571Z","data":null,"correlationId":"2f2dbf96-18b3-49d4-bc26-dd5cf04429f0","causationId":"01a22d6e-3f16-710a-933f-20d3694bf53b","depth":0}],"since":"2026-11-30T17:08:49.571Z","known":{"of":"01a22d6e-4018-7173-b2dc-5bce64a09f1d","refusals":{"edcf7d36-2ed1-53ef-a6b2-981c956a9844":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422}}},"parked":{"id":"01a22d6e-4018-7173-b2dc-5bce64a09f1d","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T17:08:49.861Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1","version":2,"position":12,"time":"2026-11-30T17:08:49.975Z","eventId":"01a22d6e-40ae-7149-a454-9e1c0905d3cd","state":{"balance":0},"checksum":"7ea49ecede1e6bef60a382e51515af2814ff9dcfea3fcee3ceb2d6b8c62b0921"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22d6e-40ae-7149-a454-9e1c0905d3cd', '{"$format":1,"id":"01a22d6e-40ae-7149-a454-9e1c0905d3cd","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T17:08:50.086Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1","version":2,"position":5,"time":"2026-11-30T17:08:49.809Z","eventId":"01a22d6e-3ff3-75b3-a888-2b7b89862287","state":{"balance":0},"checksum":"7cbdf3907424a609d18b264d912f32f09aa0b8a1b44f1c84067a76b63f114a92"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22d6e-42c2-7708-b715-c260d67de46e","log":"b58c153a-80a6-4f6e-858a-e4e002038013","parked":[{"id":"01a22d6e-4018-7173-b2dc-5bce64a09f1d","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-11-30T17:08:50.337Z","waiting":0},{"id":"01a22d6e-40ae-7149-a454-9e1c0905d3cd","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T17:08:50.002Z","waiting":0}]}', 17);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a22d6e-4076-76ef-ad54-cfea010ced4e":{"reason":"a mistake","time":"2026-11-30T17:08:50.292Z"}}}', 2);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22d6e-4076-76ef-ad54-cfea010ced4e":{"reason":"a mistake","time":"2026-11-30T17:08:50.116Z"}},"build":{"id":"01a22d6e-4224-71f2-8025-5d6e625c49fc","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22d6e-4076-76ef-ad54-cfea010ced4e":{"reason":"a mistake","time":"2026-11-30T17:08:50.300Z"}}}', 2);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 3);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"59cc43bf-aa43-51f9-ace6-fbda1489fdd3","name":"later","when":"2035-02-16T17:08:49.943Z","data":null,"correlationId":"163dac9c-f962-4a9e-87c9-a2a6ced90ddf","causationId":"01a22d6e-408d-7710-8afb-3e1bdc14d545","depth":0}],"since":"2026-11-30T17:08:49.943Z"}', 1);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', '681918cb-cc10-497e-892a-f6fe1e6828f4');
INSERT INTO totals.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}]}', '', 4, '01a22d6e-3f8d-735b-aa55-249f958d51f4', 4, false, 'b58c153a-80a6-4f6e-858a-e4e002038013', '99c8ae70-264e-4753-b4e1-994ceac4369a', '2026-11-30 17:08:49.72401+00');
INSERT INTO totals.live VALUES (true, 1);
INSERT INTO totals.rows_1 VALUES ('01a22d6e-3f8d-735b-aa55-249f958d51f4', 5);
SELECT pg_catalog.setval('accounts.generations_number_seq', 2, true);
SELECT pg_catalog.setval('totals.generations_number_seq', 1, true);
ALTER TABLE ONLY accounts.about
    ADD CONSTRAINT about_pkey PRIMARY KEY (key);
ALTER TABLE ONLY accounts.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY accounts.live
    ADD CONSTRAINT live_pkey PRIMARY KEY (one);
ALTER TABLE ONLY accounts.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (generation, id);
ALTER TABLE ONLY accounts.rows_2
    ADD CONSTRAINT rows_2_pkey PRIMARY KEY (id);
ALTER TABLE ONLY bank.about
    ADD CONSTRAINT about_pkey PRIMARY KEY (key);
ALTER TABLE ONLY bank.claim_scopes
    ADD CONSTRAINT claim_scopes_pkey PRIMARY KEY (generation);
ALTER TABLE ONLY bank.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (generation, value);
ALTER TABLE ONLY bank.events
    ADD CONSTRAINT events_id UNIQUE (id);
ALTER TABLE ONLY bank.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY bank.events
    ADD CONSTRAINT events_stream UNIQUE (stream, version);
ALTER TABLE ONLY bank.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (one);
ALTER TABLE ONLY bank.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (name);
ALTER TABLE ONLY bank.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (stream, version);
ALTER TABLE ONLY bank.links
    ADD CONSTRAINT links_stream_position_key UNIQUE (stream, "position");
ALTER TABLE ONLY bank.state
    ADD CONSTRAINT state_pkey PRIMARY KEY (key);
ALTER TABLE ONLY totals.about
    ADD CONSTRAINT about_pkey PRIMARY KEY (key);
ALTER TABLE ONLY totals.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY totals.live
    ADD CONSTRAINT live_pkey PRIMARY KEY (one);
ALTER TABLE ONLY totals.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (generation, id);
ALTER TABLE ONLY totals.rows_1
    ADD CONSTRAINT rows_1_pkey PRIMARY KEY (id);
CREATE INDEX rows_2_left_idx ON accounts.rows_2 USING btree ("left"(owner, 500));
CREATE INDEX claims_of_streams ON bank.claims USING btree (generation, stream);
CREATE TRIGGER never_change BEFORE DELETE OR UPDATE OR TRUNCATE ON bank.events FOR EACH STATEMENT EXECUTE FUNCTION bank.refuse();
CREATE TRIGGER never_change BEFORE DELETE OR UPDATE OR TRUNCATE ON bank.links FOR EACH STATEMENT EXECUTE FUNCTION bank.refuse();
ALTER TABLE ONLY accounts.parked
    ADD CONSTRAINT parked_generation_fkey FOREIGN KEY (generation) REFERENCES accounts.generations(number) ON DELETE CASCADE;
ALTER TABLE ONLY bank.links
    ADD CONSTRAINT links_position_fkey FOREIGN KEY ("position") REFERENCES bank.events("position");
ALTER TABLE ONLY totals.parked
    ADD CONSTRAINT parked_generation_fkey FOREIGN KEY (generation) REFERENCES totals.generations(number) ON DELETE CASCADE;
