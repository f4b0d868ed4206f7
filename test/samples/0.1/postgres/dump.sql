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
INSERT INTO accounts.about VALUES ('identity', 'd162d7a8-7bca-4924-a565-96b754dc5ab1');
INSERT INTO accounts.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}],"schemaVersions":{"account.opened":2}}', '01a22dfd-6406-7679-9c70-f9f4770f7794', 15, '01a22dfd-6435-70b0-ad10-8f92eef0b999', 15, false, 'd240a8b3-4eeb-4c14-8be2-220938a8d150', '66b08845-8cdd-4955-a474-3530cb13505e', '2026-11-30 19:45:10.71363+00');
INSERT INTO accounts.live VALUES (true, 2);
INSERT INTO accounts.parked VALUES (2, '01a22dfd-63ba-750c-ae2a-db4fd1abbff3', 6, '{"$format":1,"id":"01a22dfd-63ba-750c-ae2a-db4fd1abbff3","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T19:45:10.672Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22dfd-63dc-733e-9f41-2504e23e7f98', 11, '{"$format":1,"id":"01a22dfd-63dc-733e-9f41-2504e23e7f98","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T19:45:10.673Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', 'd240a8b3-4eeb-4c14-8be2-220938a8d150');
INSERT INTO bank.about VALUES ('migration 1', '7b83c00e8475156430b5fc2691cf730c52991b56af06fee75b9bcca99e7ed153');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', 'f705dc5e853522679c5a4b938acf2f6658ae5958fcfb84987405e79aad2d73d4', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796067910486);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', '18a11909f068fcc01e18876e1f9e420b9167a03c4a17555b7016d688338d399a', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796067910504);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-11-30T19:45:10.515Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"be7dbfa4-1bcb-47c7-af13-5dfb160d7db7","causationId":"be7dbfa4-1bcb-47c7-af13-5dfb160d7db7","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22dfd-637a-73bb-895d-c99daa923261', 'account.opened', 'account-2', 1, '2026-11-30T19:45:10.527Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"44b07fb1-450f-4cd0-b868-613d37f9f771","causationId":"44b07fb1-450f-4cd0-b868-613d37f9f771","$command":{"id":"44b07fb1-450f-4cd0-b868-613d37f9f771","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22dfd-6381-7039-aae1-0f4b3f3808a8', 'account.opened', 'account-old', 1, '2026-11-30T19:45:10.533Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"ac5f02f4-eec7-4bb8-b781-d0b002b58a89","causationId":"ac5f02f4-eec7-4bb8-b781-d0b002b58a89"}');
INSERT INTO bank.events VALUES (4, '01a22dfd-638d-7783-a5b2-730c2310a3e8', 'account.deposited', 'account-1', 2, '2026-11-30T19:45:10.546Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"36601ebe-bd7d-4934-a9b7-435f7a3996d6","causationId":"36601ebe-bd7d-4934-a9b7-435f7a3996d6","$command":{"id":"36601ebe-bd7d-4934-a9b7-435f7a3996d6","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22dfd-63b2-773d-9370-c54dc1323dbc', 'account.closed', 'account-2', 2, '2026-11-30T19:45:10.580Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"c383163f-ecbc-4d14-a441-52f992a2b6a4","causationId":"c383163f-ecbc-4d14-a441-52f992a2b6a4","$command":{"id":"c383163f-ecbc-4d14-a441-52f992a2b6a4","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22dfd-63ba-750c-ae2a-db4fd1abbff3', 'account.flagged', 'account-old', 2, '2026-11-30T19:45:10.587Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"117f92d7-232d-4b54-adfe-82955a6c3eec","causationId":"117f92d7-232d-4b54-adfe-82955a6c3eec","$command":{"id":"117f92d7-232d-4b54-adfe-82955a6c3eec","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, '746c3696-8721-5584-81c5-8d3fd007a7f3', 'account.reminded', 'account-old', 3, '2026-11-30T19:45:10.599Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"117f92d7-232d-4b54-adfe-82955a6c3eec","causationId":"01a22dfd-63ba-750c-ae2a-db4fd1abbff3","$causationDepth":1,"$command":{"id":"51252d4e-e825-5b38-a415-cbe69a39da43","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22dfd-63d0-74bb-9ebd-f71e8731c42a', 'account.deposited', 'account-old', 4, '2026-11-30T19:45:10.608Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"df0d4c1e-0487-4167-b0b7-f2a1e14b9736","causationId":"df0d4c1e-0487-4167-b0b7-f2a1e14b9736","$command":{"id":"df0d4c1e-0487-4167-b0b7-f2a1e14b9736","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22dfd-63d1-7304-b8a2-cf9ab0800d94', 'account.flagged', 'account-1', 3, '2026-11-30T19:45:10.611Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"e82623bd-3033-4912-9d02-4da09fba31e2","causationId":"e82623bd-3033-4912-9d02-4da09fba31e2","$command":{"id":"e82623bd-3033-4912-9d02-4da09fba31e2","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22dfd-63d8-70ee-9171-5c87fdd6b967', 'account.opened', 'account-3', 1, '2026-11-30T19:45:10.618Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"94651fc9-9244-4093-b1bc-466204aa6af3","causationId":"94651fc9-9244-4093-b1bc-466204aa6af3","$command":{"id":"94651fc9-9244-4093-b1bc-466204aa6af3","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, '01a22dfd-63dc-733e-9f41-2504e23e7f98', 'account.flagged', 'account-3', 2, '2026-11-30T19:45:10.624Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"94c2de36-441e-4bc9-b649-45644a96db88","causationId":"94c2de36-441e-4bc9-b649-45644a96db88","$command":{"id":"94c2de36-441e-4bc9-b649-45644a96db88","name":"account.flag"}}');
INSERT INTO bank.events VALUES (12, '85501cff-0290-5b8b-99e8-47d078e73bdc', 'account.reminded', 'account-1', 4, '2026-11-30T19:45:10.636Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"e82623bd-3033-4912-9d02-4da09fba31e2","causationId":"01a22dfd-63d1-7304-b8a2-cf9ab0800d94","$causationDepth":1,"$command":{"id":"7e67e889-249f-562c-b006-b306eda647d5","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (13, 'b20f18ba-fd4d-5ffd-92c2-d81af568573c', '$snapshot.started', '$table-accounts', 1, '2026-11-30T19:45:10.684Z', '{"id":"01a22dfd-6417-773a-9e3b-b1c5754c412c","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"64aacb67-24b9-4bb4-b7db-570877afb507","causationId":"64aacb67-24b9-4bb4-b7db-570877afb507"}');
INSERT INTO bank.events VALUES (14, '228a4c27-e7c4-5191-bab3-b36bb282ecb9', '$snapshot.completed', '$table-accounts', 2, '2026-11-30T19:45:10.700Z', '{"id":"01a22dfd-6417-773a-9e3b-b1c5754c412c","table":"accounts","node":"sample","time":"2026-11-30T19:45:10.679Z","position":12,"rows":3,"checksum":"a048b220cf61287e4fd212f481b8414032fd815cacc6aa0dd0d3cc4f61d1fe32","definition":"55ea879be9a9d4ea657bdc2f2d239ec0d280cce32e1cb8769eb1098a1e3acf05","format":1,"bytes":2078,"durationMs":15,"log":"d240a8b3-4eeb-4c14-8be2-220938a8d150","reordered":false}', '{"schemaVersion":1,"correlationId":"93d8754f-9cdc-4b16-adb0-302ff50c6043","causationId":"93d8754f-9cdc-4b16-adb0-302ff50c6043"}');
INSERT INTO bank.events VALUES (15, '01a22dfd-6435-70b0-ad10-8f92eef0b999', 'account.deposited', 'account-1', 5, '2026-11-30T19:45:10.710Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"c8aee7f9-4163-4765-96ac-9697718f684b","causationId":"c8aee7f9-4163-4765-96ac-9697718f684b","$command":{"id":"c8aee7f9-4163-4765-96ac-9697718f684b","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-11-30T19:45:10.710Z', 1796067910576898);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '512a3a1f-05fa-4b22-b899-3a852f72ce83', 3000);
INSERT INTO bank.leases VALUES ('table/accounts', '', 1, 'ab3f22d8-5f51-4442-bdf6-8429b4835689', 3000);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, '1af93b58-df3e-44fd-aad0-fedeb591d204', 3000);
INSERT INTO bank.leases VALUES ('table/totals', '', 1, '97f75025-e999-4add-9c50-fc8975f734b6', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '813f1e3c-0565-4bb3-8a04-28dfc4d69bb4', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":8,"time":"2026-11-30T19:45:10.608Z","eventId":"01a22dfd-63d0-74bb-9ebd-f71e8731c42a","state":{"balance":3},"checksum":"13ad3d0bcd8ddebfda9591c888453a3650be0caeb89f2e7895fa30088c2d2f05"}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":11,"time":"2026-11-30T19:45:10.624Z","eventId":"01a22dfd-63dc-733e-9f41-2504e23e7f98","state":{"balance":0},"checksum":"067634aa050a24b6eec114a62a2c5fd4c270a742145067857be64e4e7d1222a5"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"0b14b9ff-9889-590e-9cf5-b2258d40eb9f","name":"later","when":"2035-02-16T19:45:10.533Z","data":null,"correlationId":"ac5f02f4-eec7-4bb8-b781-d0b002b58a89","causationId":"01a22dfd-6381-7039-aae1-0f4b3f3808a8","depth":0}],"since":"2026-11-30T19:45:10.533Z","known":{"of":"01a22dfd-63ba-750c-ae2a-db4fd1abbff3","refusals":{"b9196b43-b575-53e3-b566-fdb241416cca":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422,"hash":"1:15cbefe09f716956dad85bc39f1def7396c17b5c22a3b0e7253b4b21b03214a9"}}},"parked":{"id":"01a22dfd-63ba-750c-ae2a-db4fd1abbff3","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T19:45:10.600Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22dfd-6435-70b0-ad10-8f92eef0b999","log":"d240a8b3-4eeb-4c14-8be2-220938a8d150","parked":[{"id":"01a22dfd-63ba-750c-ae2a-db4fd1abbff3","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-11-30T19:45:10.660Z","waiting":0},{"id":"01a22dfd-63dc-733e-9f41-2504e23e7f98","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T19:45:10.632Z","waiting":0}]}', 18);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"3ce2d15e-3220-5234-b011-3837dfe3cfb7","name":"later","when":"2035-02-16T19:45:10.618Z","data":null,"correlationId":"94651fc9-9244-4093-b1bc-466204aa6af3","causationId":"01a22dfd-63d8-70ee-9171-5c87fdd6b967","depth":0}],"since":"2026-11-30T19:45:10.618Z"}', 1);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":5,"time":"2026-11-30T19:45:10.580Z","eventId":"01a22dfd-63b2-773d-9370-c54dc1323dbc","state":{"balance":0},"checksum":"81b2c38ad0e550733fe816268cb64171d08cb88dd1f2a9f07119749dea0b4ada"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22dfd-6435-70b0-ad10-8f92eef0b999","log":"d240a8b3-4eeb-4c14-8be2-220938a8d150","parked":[{"id":"01a22dfd-63ba-750c-ae2a-db4fd1abbff3","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T19:45:10.600Z","process":"old","kind":"event"},{"id":"01a22dfd-63dc-733e-9f41-2504e23e7f98","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T19:45:10.645Z","process":"","kind":"event"}]}', 15);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-16T19:45:10.515Z","data":null,"correlationId":"be7dbfa4-1bcb-47c7-af13-5dfb160d7db7","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"e6262651-4020-5236-b0e4-25e67800d377","name":"soon","when":"2026-11-30T19:45:40.710Z","data":null,"correlationId":"c8aee7f9-4163-4765-96ac-9697718f684b","causationId":"01a22dfd-6435-70b0-ad10-8f92eef0b999","depth":0}],"since":"2026-11-30T19:45:10.515Z"}', 6);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":12,"time":"2026-11-30T19:45:10.636Z","eventId":"85501cff-0290-5b8b-99e8-47d078e73bdc","state":{"balance":5},"checksum":"14ef7bcfdb09397fbdd103c89339dbc8e7f2c56b4de5f7c4ddff1da88641c2dd"}', 2);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a22dfd-63d1-7304-b8a2-cf9ab0800d94":{"reason":"a mistake","time":"2026-11-30T19:45:10.653Z"}}}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22dfd-63dc-733e-9f41-2504e23e7f98', '{"$format":1,"id":"01a22dfd-63dc-733e-9f41-2504e23e7f98","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T19:45:10.645Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22dfd-63d1-7304-b8a2-cf9ab0800d94":{"reason":"a mistake","time":"2026-11-30T19:45:10.650Z"}},"build":{"id":"01a22dfd-6406-7679-9c70-f9f4770f7794","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22dfd-63d1-7304-b8a2-cf9ab0800d94":{"reason":"a mistake","time":"2026-11-30T19:45:10.654Z"}}}', 2);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', 'df2f200e-f2d8-4949-ab67-9aed43d66497');
INSERT INTO totals.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}]}', '', 4, '01a22dfd-638d-7783-a5b2-730c2310a3e8', 4, false, 'd240a8b3-4eeb-4c14-8be2-220938a8d150', '2383dabf-631d-4194-bf67-e84c1cffd7dd', '2026-11-30 19:45:10.558027+00');
INSERT INTO totals.live VALUES (true, 1);
INSERT INTO totals.rows_1 VALUES ('01a22dfd-638d-7783-a5b2-730c2310a3e8', 5);
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
