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
CREATE FUNCTION accounts.is_live(asked bigint, reader text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
       BEGIN
         IF (SELECT number FROM "accounts".live ORDER BY owner = reader DESC, since DESC LIMIT 1) = asked THEN RETURN true; END IF;
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
CREATE FUNCTION totals.is_live(asked bigint, reader text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
       BEGIN
         IF (SELECT number FROM "totals".live ORDER BY owner = reader DESC, since DESC LIMIT 1) = asked THEN RETURN true; END IF;
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
    owner text NOT NULL,
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
    owner text NOT NULL,
    number bigint NOT NULL,
    since bigint NOT NULL
);
ALTER TABLE accounts.live ALTER COLUMN since ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME accounts.live_since_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
    owner text NOT NULL,
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
    owner text NOT NULL,
    number bigint NOT NULL,
    since bigint NOT NULL
);
ALTER TABLE totals.live ALTER COLUMN since ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME totals.live_since_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
INSERT INTO accounts.about VALUES ('identity', '0df730b0-71a1-44f4-9a88-135e15a78dbe');
INSERT INTO accounts.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.about VALUES ('table', 'accounts');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '55ea879be9a9d4ea', '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}],"schemaVersions":{"account.opened":2},"functions":"e031e68961c3a3cb"}', '01a22e52-09f8-733b-828a-ad9c993c08a0', 15, '01a22e52-0a41-76b4-b3b0-61a3053e9d38', 15, false, 'd3b81303-4b0c-4808-ac04-f8a5cd15611b', 'c9abec6b-3337-4d44-9fd9-ab14e872c2d5', '2026-11-30 21:17:38.250813+00');
INSERT INTO accounts.live OVERRIDING SYSTEM VALUE VALUES ('55ea879be9a9d4ea', 2, 3);
INSERT INTO accounts.parked VALUES (2, '01a22e52-0976-7195-802d-f74a7b02dcc6', 6, '{"$format":1,"id":"01a22e52-0976-7195-802d-f74a7b02dcc6","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:17:38.183Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22e52-09c1-77b9-849f-99caedbe9f71', 12, '{"$format":1,"id":"01a22e52-09c1-77b9-849f-99caedbe9f71","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:17:38.185Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', 'd3b81303-4b0c-4808-ac04-f8a5cd15611b');
INSERT INTO bank.about VALUES ('migration 1', '7b83c00e8475156430b5fc2691cf730c52991b56af06fee75b9bcca99e7ed153');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', 'f705dc5e853522679c5a4b938acf2f6658ae5958fcfb84987405e79aad2d73d4', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796073457892);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', '18a11909f068fcc01e18876e1f9e420b9167a03c4a17555b7016d688338d399a', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796073457916);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-11-30T21:17:37.928Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"920d734d-1fca-4ec3-af2d-327960f5b40a","causationId":"920d734d-1fca-4ec3-af2d-327960f5b40a","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22e52-0918-730c-bd52-994442e7eb8d', 'account.opened', 'account-2', 1, '2026-11-30T21:17:37.951Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"1ef40479-beb0-4aca-ac38-eaa5ebb8c21a","causationId":"1ef40479-beb0-4aca-ac38-eaa5ebb8c21a","$command":{"id":"1ef40479-beb0-4aca-ac38-eaa5ebb8c21a","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22e52-0923-706f-a75f-a2e1071a3346', 'account.opened', 'account-old', 1, '2026-11-30T21:17:37.961Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"f8890758-d0ab-42fa-bdac-d9dd35b2b43d","causationId":"f8890758-d0ab-42fa-bdac-d9dd35b2b43d"}');
INSERT INTO bank.events VALUES (4, '01a22e52-0936-737a-862e-61708d9a531a', 'account.deposited', 'account-1', 2, '2026-11-30T21:17:37.978Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"192ad4fa-7c78-410e-b33d-a66e860f54a3","causationId":"192ad4fa-7c78-410e-b33d-a66e860f54a3","$command":{"id":"192ad4fa-7c78-410e-b33d-a66e860f54a3","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22e52-096b-7108-9bd4-9a4b66fcffbf', 'account.closed', 'account-2', 2, '2026-11-30T21:17:38.030Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"b2583bdb-e60c-474a-895d-8055cd1dcaf8","causationId":"b2583bdb-e60c-474a-895d-8055cd1dcaf8","$command":{"id":"b2583bdb-e60c-474a-895d-8055cd1dcaf8","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22e52-0976-7195-802d-f74a7b02dcc6', 'account.flagged', 'account-old', 2, '2026-11-30T21:17:38.040Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"d3d22126-1797-4a86-8ed8-3bc70c8b8fc7","causationId":"d3d22126-1797-4a86-8ed8-3bc70c8b8fc7","$command":{"id":"d3d22126-1797-4a86-8ed8-3bc70c8b8fc7","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, '148762c3-5652-5128-b959-07c74b2d02c6', 'account.reminded', 'account-old', 3, '2026-11-30T21:17:38.068Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"d3d22126-1797-4a86-8ed8-3bc70c8b8fc7","causationId":"01a22e52-0976-7195-802d-f74a7b02dcc6","$causationDepth":1,"$command":{"id":"a69b2937-108b-5307-be76-923a351d8a24","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22e52-09a4-74f6-8015-c455711e814a', 'account.deposited', 'account-old', 4, '2026-11-30T21:17:38.086Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"14775557-2c09-4948-9c44-3c117e8abb66","causationId":"14775557-2c09-4948-9c44-3c117e8abb66","$command":{"id":"14775557-2c09-4948-9c44-3c117e8abb66","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22e52-09a7-75dd-8416-16debace210a', 'account.flagged', 'account-1', 3, '2026-11-30T21:17:38.094Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"a4715fa2-4e86-41c8-b7da-30714e0c359e","causationId":"a4715fa2-4e86-41c8-b7da-30714e0c359e","$command":{"id":"a4715fa2-4e86-41c8-b7da-30714e0c359e","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22e52-09b6-7606-abe6-430cadfe411d', 'account.opened', 'account-3', 1, '2026-11-30T21:17:38.106Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"07e93021-0313-4190-9fee-4e9e02a2ae0f","causationId":"07e93021-0313-4190-9fee-4e9e02a2ae0f","$command":{"id":"07e93021-0313-4190-9fee-4e9e02a2ae0f","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, '456d3840-cd50-5e92-9b85-a248ce5d1b41', 'account.reminded', 'account-1', 4, '2026-11-30T21:17:38.119Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"a4715fa2-4e86-41c8-b7da-30714e0c359e","causationId":"01a22e52-09a7-75dd-8416-16debace210a","$causationDepth":1,"$command":{"id":"98b7aaa5-c1c3-54e5-b5b7-7346619488ea","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (12, '01a22e52-09c1-77b9-849f-99caedbe9f71', 'account.flagged', 'account-3', 2, '2026-11-30T21:17:38.119Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"5aa852e7-16a6-467e-b5c6-0ea219b96251","causationId":"5aa852e7-16a6-467e-b5c6-0ea219b96251","$command":{"id":"5aa852e7-16a6-467e-b5c6-0ea219b96251","name":"account.flag"}}');
INSERT INTO bank.events VALUES (13, '9b32414b-f926-5bda-a605-1d1b06c5d445', '$snapshot.started', '$table-accounts', 1, '2026-11-30T21:17:38.203Z', '{"id":"01a22e52-0a11-729b-8d79-34f8b6c9b1bc","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"1474e8cc-871a-4b4f-b8ae-f79f68c603e4","causationId":"1474e8cc-871a-4b4f-b8ae-f79f68c603e4"}');
INSERT INTO bank.events VALUES (14, 'bd8d3d76-f550-55ef-a1e4-24ed541ece73', '$snapshot.completed', '$table-accounts', 2, '2026-11-30T21:17:38.228Z', '{"id":"01a22e52-0a11-729b-8d79-34f8b6c9b1bc","table":"accounts","node":"sample","time":"2026-11-30T21:17:38.193Z","position":12,"rows":3,"checksum":"8f655bc792c523dc8a7a921146c7b17e5b1444930ec61b6784a27d14ad003324","definition":"55ea879be9a9d4ea657bdc2f2d239ec0d280cce32e1cb8769eb1098a1e3acf05","format":1,"bytes":2113,"durationMs":24,"log":"d3b81303-4b0c-4808-ac04-f8a5cd15611b","reordered":false}', '{"schemaVersion":1,"correlationId":"12081b93-595c-4310-91ee-0f8b7a23a926","causationId":"12081b93-595c-4310-91ee-0f8b7a23a926"}');
INSERT INTO bank.events VALUES (15, '01a22e52-0a41-76b4-b3b0-61a3053e9d38', 'account.deposited', 'account-1', 5, '2026-11-30T21:17:38.243Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"2c8e0136-822b-4ae4-acd5-060439b623fd","causationId":"2c8e0136-822b-4ae4-acd5-060439b623fd","$command":{"id":"2c8e0136-822b-4ae4-acd5-060439b623fd","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-11-30T21:17:38.243Z', 1796073458026351);
INSERT INTO bank.leases VALUES ('table/accounts/55ea879be9a9d4ea', '', 1, '9d3ea0a3-34ed-4fec-8260-40579a2f4a64', 3000);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, 'cfb8d170-a0af-4e70-a828-dca04064aaf1', 3000);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '3c012b6a-9423-4ada-a8f1-e45de5c7f6b0', 3000);
INSERT INTO bank.leases VALUES ('table/totals/4fa411072fecc198', '', 1, '599f77bb-5e24-4f37-aa02-287f15f168ec', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '881b62be-79f2-4c5d-bef3-215ae4408f43', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":11,"time":"2026-11-30T21:17:38.119Z","eventId":"456d3840-cd50-5e92-9b85-a248ce5d1b41","state":{"balance":5},"checksum":"79d284c038e4eb7d38ae93f12a406b778c6e80fdd431b5663d09dcdcb7a2f828"}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":8,"time":"2026-11-30T21:17:38.086Z","eventId":"01a22e52-09a4-74f6-8015-c455711e814a","state":{"balance":3},"checksum":"4c1fe8602e6f2c153576eeb995e05ba70bdb6290cffe8c82878d3050a2e0e10b"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"501671d6-ab43-54ef-8efd-bca2604f9b1e","name":"later","when":"2035-02-16T21:17:37.961Z","data":null,"correlationId":"f8890758-d0ab-42fa-bdac-d9dd35b2b43d","causationId":"01a22e52-0923-706f-a75f-a2e1071a3346","depth":0}],"since":"2026-11-30T21:17:37.961Z","known":{"of":"01a22e52-0976-7195-802d-f74a7b02dcc6","refusals":{"d4ca8fda-29b2-5db5-82bd-7fcc2264ba48":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422,"hash":"1:15cbefe09f716956dad85bc39f1def7396c17b5c22a3b0e7253b4b21b03214a9"}}},"parked":{"id":"01a22e52-0976-7195-802d-f74a7b02dcc6","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:17:38.070Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22e52-0a41-76b4-b3b0-61a3053e9d38","log":"d3b81303-4b0c-4808-ac04-f8a5cd15611b","parked":[{"id":"01a22e52-0976-7195-802d-f74a7b02dcc6","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-11-30T21:17:38.166Z","waiting":0},{"id":"01a22e52-09c1-77b9-849f-99caedbe9f71","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:17:38.131Z","waiting":0}]}', 17);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":12,"time":"2026-11-30T21:17:38.119Z","eventId":"01a22e52-09c1-77b9-849f-99caedbe9f71","state":{"balance":0},"checksum":"5c1d3ad03b3b09e00dfffd538897e1435488cc8893a2da2382f7f016d6433dc2"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-16T21:17:37.928Z","data":null,"correlationId":"920d734d-1fca-4ec3-af2d-327960f5b40a","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"3f5bfddb-41d5-5a9c-a05d-c81da8b5732e","name":"soon","when":"2026-11-30T21:18:08.243Z","data":null,"correlationId":"2c8e0136-822b-4ae4-acd5-060439b623fd","causationId":"01a22e52-0a41-76b4-b3b0-61a3053e9d38","depth":0}],"since":"2026-11-30T21:17:37.928Z"}', 6);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":5,"time":"2026-11-30T21:17:38.030Z","eventId":"01a22e52-096b-7108-9bd4-9a4b66fcffbf","state":{"balance":0},"checksum":"1106b14bbdbeec8d507afce50e5418ef400e41fa44ab496373fcc82d539c83db"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22e52-0a41-76b4-b3b0-61a3053e9d38","log":"d3b81303-4b0c-4808-ac04-f8a5cd15611b","parked":[{"id":"01a22e52-0976-7195-802d-f74a7b02dcc6","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:17:38.070Z","process":"old","kind":"event"},{"id":"01a22e52-09c1-77b9-849f-99caedbe9f71","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:17:38.135Z","process":"","kind":"event"}]}', 15);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22e52-09c1-77b9-849f-99caedbe9f71', '{"$format":1,"id":"01a22e52-09c1-77b9-849f-99caedbe9f71","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:17:38.135Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a22e52-09a7-75dd-8416-16debace210a":{"reason":"a mistake","time":"2026-11-30T21:17:38.156Z"}}}', 2);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"838b080b-fb88-5d88-b7c6-c503f3112c90","name":"later","when":"2035-02-16T21:17:38.106Z","data":null,"correlationId":"07e93021-0313-4190-9fee-4e9e02a2ae0f","causationId":"01a22e52-09b6-7606-abe6-430cadfe411d","depth":0}],"since":"2026-11-30T21:17:38.106Z"}', 1);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22e52-09a7-75dd-8416-16debace210a":{"reason":"a mistake","time":"2026-11-30T21:17:38.153Z"}},"build":{"id":"01a22e52-09f8-733b-828a-ad9c993c08a0","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22e52-09a7-75dd-8416-16debace210a":{"reason":"a mistake","time":"2026-11-30T21:17:38.159Z"}}}', 2);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', '877ab341-37d4-4005-8862-b908ff74e056');
INSERT INTO totals.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.about VALUES ('table', 'totals');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '4fa411072fecc198', '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}],"functions":"f5fe4ebd54b323c2"}', '', 4, '01a22e52-0936-737a-862e-61708d9a531a', 4, false, 'd3b81303-4b0c-4808-ac04-f8a5cd15611b', 'a58d3f8c-6df9-4d93-9bda-3017b08192c5', '2026-11-30 21:17:37.989232+00');
INSERT INTO totals.live OVERRIDING SYSTEM VALUE VALUES ('4fa411072fecc198', 1, 1);
INSERT INTO totals.rows_1 VALUES ('01a22e52-0936-737a-862e-61708d9a531a', 5);
SELECT pg_catalog.setval('accounts.generations_number_seq', 2, true);
SELECT pg_catalog.setval('accounts.live_since_seq', 3, true);
SELECT pg_catalog.setval('totals.generations_number_seq', 1, true);
SELECT pg_catalog.setval('totals.live_since_seq', 1, true);
ALTER TABLE ONLY accounts.about
    ADD CONSTRAINT about_pkey PRIMARY KEY (key);
ALTER TABLE ONLY accounts.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY accounts.live
    ADD CONSTRAINT live_number_key UNIQUE (number);
ALTER TABLE ONLY accounts.live
    ADD CONSTRAINT live_pkey PRIMARY KEY (owner);
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
    ADD CONSTRAINT live_number_key UNIQUE (number);
ALTER TABLE ONLY totals.live
    ADD CONSTRAINT live_pkey PRIMARY KEY (owner);
ALTER TABLE ONLY totals.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (generation, id);
ALTER TABLE ONLY totals.rows_1
    ADD CONSTRAINT rows_1_pkey PRIMARY KEY (id);
CREATE INDEX rows_2_left_idx ON accounts.rows_2 USING btree ("left"(owner, 500) NULLS FIRST);
CREATE INDEX claims_of_streams ON bank.claims USING btree (generation, stream);
CREATE TRIGGER never_change BEFORE DELETE OR UPDATE OR TRUNCATE ON bank.events FOR EACH STATEMENT EXECUTE FUNCTION bank.refuse();
CREATE TRIGGER never_change BEFORE DELETE OR UPDATE OR TRUNCATE ON bank.links FOR EACH STATEMENT EXECUTE FUNCTION bank.refuse();
ALTER TABLE ONLY accounts.live
    ADD CONSTRAINT live_number_fkey FOREIGN KEY (number) REFERENCES accounts.generations(number);
ALTER TABLE ONLY accounts.parked
    ADD CONSTRAINT parked_generation_fkey FOREIGN KEY (generation) REFERENCES accounts.generations(number) ON DELETE CASCADE;
ALTER TABLE ONLY bank.links
    ADD CONSTRAINT links_position_fkey FOREIGN KEY ("position") REFERENCES bank.events("position");
ALTER TABLE ONLY totals.live
    ADD CONSTRAINT live_number_fkey FOREIGN KEY (number) REFERENCES totals.generations(number);
ALTER TABLE ONLY totals.parked
    ADD CONSTRAINT parked_generation_fkey FOREIGN KEY (generation) REFERENCES totals.generations(number) ON DELETE CASCADE;
