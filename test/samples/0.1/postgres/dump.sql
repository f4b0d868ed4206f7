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
INSERT INTO accounts.about VALUES ('identity', '180594ab-31a2-4c3d-aec5-ea0df8f0ee09');
INSERT INTO accounts.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}],"schemaVersions":{"account.opened":2},"functions":"e031e68961c3a3cb"}', '01a22e17-bae7-7285-8d4d-bf07b1358a22', 15, '01a22e17-bb73-7695-a425-224da06e7920', 15, false, '953ec8cf-0928-4c19-9f27-6dc08eb91ad5', '405bfe7e-694d-4513-b853-c88a57a715e8', '2026-11-30 20:13:56.986899+00');
INSERT INTO accounts.live VALUES (true, 2);
INSERT INTO accounts.parked VALUES (2, '01a22e17-ba2e-7565-9083-2ae131a6fd06', 6, '{"$format":1,"id":"01a22e17-ba2e-7565-9083-2ae131a6fd06","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:13:56.871Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22e17-ba8d-70e8-9640-eb631770008c', 11, '{"$format":1,"id":"01a22e17-ba8d-70e8-9640-eb631770008c","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:13:56.893Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', '953ec8cf-0928-4c19-9f27-6dc08eb91ad5');
INSERT INTO bank.about VALUES ('migration 1', '7b83c00e8475156430b5fc2691cf730c52991b56af06fee75b9bcca99e7ed153');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', 'f705dc5e853522679c5a4b938acf2f6658ae5958fcfb84987405e79aad2d73d4', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796069636392);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', '18a11909f068fcc01e18876e1f9e420b9167a03c4a17555b7016d688338d399a', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796069636425);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-11-30T20:13:56.438Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"6a9726cd-cab4-4e81-9fb9-abdc927e7514","causationId":"6a9726cd-cab4-4e81-9fb9-abdc927e7514","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22e17-b95f-708e-82fb-0e2d6d0ca3e7', 'account.opened', 'account-2', 1, '2026-11-30T20:13:56.455Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"aeea11f2-108d-4e53-b900-23bd1de30860","causationId":"aeea11f2-108d-4e53-b900-23bd1de30860","$command":{"id":"aeea11f2-108d-4e53-b900-23bd1de30860","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22e17-b976-73f4-9f45-35c240d22df4', 'account.opened', 'account-old', 1, '2026-11-30T20:13:56.483Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"8c711a0e-5b6d-4959-a844-984347c0983e","causationId":"8c711a0e-5b6d-4959-a844-984347c0983e"}');
INSERT INTO bank.events VALUES (4, '01a22e17-b99c-7029-8dba-72bb0b8700a8', 'account.deposited', 'account-1', 2, '2026-11-30T20:13:56.519Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"093d4076-0493-4834-bc59-3cdc298cf2fd","causationId":"093d4076-0493-4834-bc59-3cdc298cf2fd","$command":{"id":"093d4076-0493-4834-bc59-3cdc298cf2fd","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22e17-ba15-7622-8d23-e9c24ba92a1a', 'account.closed', 'account-2', 2, '2026-11-30T20:13:56.634Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"bc59bdb3-00b2-4e59-95a1-280021c2b849","causationId":"bc59bdb3-00b2-4e59-95a1-280021c2b849","$command":{"id":"bc59bdb3-00b2-4e59-95a1-280021c2b849","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22e17-ba2e-7565-9083-2ae131a6fd06', 'account.flagged', 'account-old', 2, '2026-11-30T20:13:56.656Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"6bc96bfe-33c3-4a4c-a258-45c33f1e20af","causationId":"6bc96bfe-33c3-4a4c-a258-45c33f1e20af","$command":{"id":"6bc96bfe-33c3-4a4c-a258-45c33f1e20af","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, 'ce9a01a1-aaea-5a48-a269-30b6b6a12952', 'account.reminded', 'account-old', 3, '2026-11-30T20:13:56.685Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"6bc96bfe-33c3-4a4c-a258-45c33f1e20af","causationId":"01a22e17-ba2e-7565-9083-2ae131a6fd06","$causationDepth":1,"$command":{"id":"8bc1f562-113a-562e-b2a2-00a8938e09e2","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22e17-ba6a-7325-a0c2-34743cd0d584', 'account.deposited', 'account-old', 4, '2026-11-30T20:13:56.715Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"b6318ebf-674e-4b02-b5e8-bba77840f699","causationId":"b6318ebf-674e-4b02-b5e8-bba77840f699","$command":{"id":"b6318ebf-674e-4b02-b5e8-bba77840f699","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22e17-ba6d-77dd-891b-7be51cdce99e', 'account.flagged', 'account-1', 3, '2026-11-30T20:13:56.724Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"5e4dcaab-827e-4e19-bc7c-88cc7005e36d","causationId":"5e4dcaab-827e-4e19-bc7c-88cc7005e36d","$command":{"id":"5e4dcaab-827e-4e19-bc7c-88cc7005e36d","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22e17-ba7d-77ff-a6e5-de73f2ace800', 'account.opened', 'account-3', 1, '2026-11-30T20:13:56.736Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"6f10713e-6aca-4796-9931-5424c16a56d2","causationId":"6f10713e-6aca-4796-9931-5424c16a56d2","$command":{"id":"6f10713e-6aca-4796-9931-5424c16a56d2","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, '01a22e17-ba8d-70e8-9640-eb631770008c', 'account.flagged', 'account-3', 2, '2026-11-30T20:13:56.750Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"9323ae0c-2b86-4e7c-8f64-ff5703b0f82a","causationId":"9323ae0c-2b86-4e7c-8f64-ff5703b0f82a","$command":{"id":"9323ae0c-2b86-4e7c-8f64-ff5703b0f82a","name":"account.flag"}}');
INSERT INTO bank.events VALUES (12, '665da124-5f17-5e30-8ed3-b5d48f18da99', 'account.reminded', 'account-1', 4, '2026-11-30T20:13:56.769Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"5e4dcaab-827e-4e19-bc7c-88cc7005e36d","causationId":"01a22e17-ba6d-77dd-891b-7be51cdce99e","$causationDepth":1,"$command":{"id":"e27c2d8c-fcbc-5bc4-9955-0c2ed874c5ef","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (13, '14758f6d-5e1d-5a23-91e3-6908c59a94ff', '$snapshot.started', '$table-accounts', 1, '2026-11-30T20:13:56.930Z', '{"id":"01a22e17-bb31-7582-9283-f7ea03b20013","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"26b80200-046c-4f43-979c-db48a78f96df","causationId":"26b80200-046c-4f43-979c-db48a78f96df"}');
INSERT INTO bank.events VALUES (14, '6b1c578d-4cad-517d-a4e4-6157712e7987', '$snapshot.completed', '$table-accounts', 2, '2026-11-30T20:13:56.955Z', '{"id":"01a22e17-bb31-7582-9283-f7ea03b20013","table":"accounts","node":"sample","time":"2026-11-30T20:13:56.913Z","position":12,"rows":3,"checksum":"b74f16cc663c10772b68bf50381a158a8e32f45b4df17b20cbf3680e9683905b","definition":"55ea879be9a9d4ea657bdc2f2d239ec0d280cce32e1cb8769eb1098a1e3acf05","format":1,"bytes":2113,"durationMs":34,"log":"953ec8cf-0928-4c19-9f27-6dc08eb91ad5","reordered":false}', '{"schemaVersion":1,"correlationId":"f2fb90f5-b408-4161-a515-6906b40afa3d","causationId":"f2fb90f5-b408-4161-a515-6906b40afa3d"}');
INSERT INTO bank.events VALUES (15, '01a22e17-bb73-7695-a425-224da06e7920', 'account.deposited', 'account-1', 5, '2026-11-30T20:13:56.980Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"a0ee7c3a-117c-4326-98b0-3850eb23d083","causationId":"a0ee7c3a-117c-4326-98b0-3850eb23d083","$command":{"id":"a0ee7c3a-117c-4326-98b0-3850eb23d083","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-11-30T20:13:56.980Z', 1796069636621782);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '290141d9-53fd-4d2c-be65-fe990e7ae611', 3000);
INSERT INTO bank.leases VALUES ('table/accounts', '', 1, '37c9256c-af1a-480a-af81-43f710080468', 3000);
INSERT INTO bank.leases VALUES ('table/totals', '', 1, 'f3185d0d-eefd-4107-8df5-f1284fc6dd95', 3000);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, '857f8fbd-8c0c-4859-b73b-d927082f57fc', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '3acc6c18-b3a0-4532-b859-3a2c2056e07d', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22e17-ba6d-77dd-891b-7be51cdce99e":{"reason":"a mistake","time":"2026-11-30T20:13:56.824Z"}}}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":12,"time":"2026-11-30T20:13:56.769Z","eventId":"665da124-5f17-5e30-8ed3-b5d48f18da99","state":{"balance":5},"checksum":"dc1581594c8fbf643a64f2d4cd5bf7323b005df09171dc5ff7557e1abe29a777"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"3d932a1e-a93e-531b-9ad1-869ce6b580a1","name":"later","when":"2035-02-16T20:13:56.483Z","data":null,"correlationId":"8c711a0e-5b6d-4959-a844-984347c0983e","causationId":"01a22e17-b976-73f4-9f45-35c240d22df4","depth":0}],"since":"2026-11-30T20:13:56.483Z","known":{"of":"01a22e17-ba2e-7565-9083-2ae131a6fd06","refusals":{"98268ce2-73a5-5ab2-aab8-4bfd9849b20a":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422,"hash":"1:15cbefe09f716956dad85bc39f1def7396c17b5c22a3b0e7253b4b21b03214a9"}}},"parked":{"id":"01a22e17-ba2e-7565-9083-2ae131a6fd06","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:13:56.690Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":8,"time":"2026-11-30T20:13:56.715Z","eventId":"01a22e17-ba6a-7325-a0c2-34743cd0d584","state":{"balance":3},"checksum":"293b53496f35beae0e408f0aefcf1fd4bf98616a41f666e3b096d2d1c1ae571c"}', 2);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22e17-ba6d-77dd-891b-7be51cdce99e":{"reason":"a mistake","time":"2026-11-30T20:13:56.808Z"}},"build":{"id":"01a22e17-bae7-7285-8d4d-bf07b1358a22","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"a8ff9408-bc56-5f1c-9ff8-28ba349ce113","name":"later","when":"2035-02-16T20:13:56.736Z","data":null,"correlationId":"6f10713e-6aca-4796-9931-5424c16a56d2","causationId":"01a22e17-ba7d-77ff-a6e5-de73f2ace800","depth":0}],"since":"2026-11-30T20:13:56.736Z"}', 1);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":5,"time":"2026-11-30T20:13:56.634Z","eventId":"01a22e17-ba15-7622-8d23-e9c24ba92a1a","state":{"balance":0},"checksum":"bfc0e99609145fa509c66e5e833f8d16ac7beccca6fb2fa8d8e71a02c0aca2a4"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22e17-bb73-7695-a425-224da06e7920","log":"953ec8cf-0928-4c19-9f27-6dc08eb91ad5","parked":[{"id":"01a22e17-ba2e-7565-9083-2ae131a6fd06","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:13:56.690Z","process":"old","kind":"event"},{"id":"01a22e17-ba8d-70e8-9640-eb631770008c","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:13:56.791Z","process":"","kind":"event"}]}', 15);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a22e17-ba6d-77dd-891b-7be51cdce99e":{"reason":"a mistake","time":"2026-11-30T20:13:56.821Z"}}}', 2);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22e17-bb73-7695-a425-224da06e7920","log":"953ec8cf-0928-4c19-9f27-6dc08eb91ad5","parked":[{"id":"01a22e17-ba2e-7565-9083-2ae131a6fd06","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-11-30T20:13:56.836Z","waiting":0},{"id":"01a22e17-ba8d-70e8-9640-eb631770008c","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:13:56.766Z","waiting":0}]}', 17);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-16T20:13:56.438Z","data":null,"correlationId":"6a9726cd-cab4-4e81-9fb9-abdc927e7514","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"7f0993f2-ef0a-543e-9174-f62a5c7baa98","name":"soon","when":"2026-11-30T20:14:26.980Z","data":null,"correlationId":"a0ee7c3a-117c-4326-98b0-3850eb23d083","causationId":"01a22e17-bb73-7695-a425-224da06e7920","depth":0}],"since":"2026-11-30T20:13:56.438Z"}', 6);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":11,"time":"2026-11-30T20:13:56.750Z","eventId":"01a22e17-ba8d-70e8-9640-eb631770008c","state":{"balance":0},"checksum":"bb6220bc013e84e69b432b928a9ff63babe5e8d14ff357cbb27a748acdde8f96"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22e17-ba8d-70e8-9640-eb631770008c', '{"$format":1,"id":"01a22e17-ba8d-70e8-9640-eb631770008c","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:13:56.791Z","process":"","kind":"event"}', 1);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', 'd4ca2b84-a780-4cc0-a103-a5415653d7a6');
INSERT INTO totals.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}],"functions":"f5fe4ebd54b323c2"}', '', 4, '01a22e17-b99c-7029-8dba-72bb0b8700a8', 4, false, '953ec8cf-0928-4c19-9f27-6dc08eb91ad5', 'ed356dc9-5a9c-4844-9118-800fb8cc7f0a', '2026-11-30 20:13:56.567421+00');
INSERT INTO totals.live VALUES (true, 1);
INSERT INTO totals.rows_1 VALUES ('01a22e17-b99c-7029-8dba-72bb0b8700a8', 5);
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
