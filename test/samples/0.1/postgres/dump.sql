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
INSERT INTO accounts.about VALUES ('identity', '0459cbb6-e731-42ff-a392-80c361083ae1');
INSERT INTO accounts.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.about VALUES ('table', 'accounts');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '55ea879be9a9d4ea', '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}],"schemaVersions":{"account.opened":2},"functions":"e031e68961c3a3cb"}', '01a22e48-2029-71b8-9438-6a74f53540e9', 15, '01a22e48-2112-74a3-b8f9-f2dbd9a17600', 15, false, '6935e9e1-7554-44e8-b39b-1eaa8cbd7a91', '290a3a21-9869-48f1-87bc-5bd245728431', '2026-11-30 21:06:48.746656+00');
INSERT INTO accounts.live OVERRIDING SYSTEM VALUE VALUES ('55ea879be9a9d4ea', 2, 3);
INSERT INTO accounts.parked VALUES (2, '01a22e48-1ee4-7004-8907-6e9e2bd1a109', 6, '{"$format":1,"id":"01a22e48-1ee4-7004-8907-6e9e2bd1a109","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:06:48.598Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22e48-1f76-76f2-ae8b-75f88f60c884', 11, '{"$format":1,"id":"01a22e48-1f76-76f2-ae8b-75f88f60c884","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:06:48.608Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', '6935e9e1-7554-44e8-b39b-1eaa8cbd7a91');
INSERT INTO bank.about VALUES ('migration 1', '7b83c00e8475156430b5fc2691cf730c52991b56af06fee75b9bcca99e7ed153');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', 'f705dc5e853522679c5a4b938acf2f6658ae5958fcfb84987405e79aad2d73d4', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796072807950);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', '18a11909f068fcc01e18876e1f9e420b9167a03c4a17555b7016d688338d399a', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796072807979);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-11-30T21:06:48.018Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"16435146-7602-4fc5-afae-fbbb9a966033","causationId":"16435146-7602-4fc5-afae-fbbb9a966033","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22e48-1e58-7608-bac2-438f8cc16d6c', 'account.opened', 'account-2', 1, '2026-11-30T21:06:48.033Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"7f62b98a-6dca-4eb3-911c-a1505f531d4c","causationId":"7f62b98a-6dca-4eb3-911c-a1505f531d4c","$command":{"id":"7f62b98a-6dca-4eb3-911c-a1505f531d4c","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22e48-1e6a-72cc-85d4-33316557b1b6', 'account.opened', 'account-old', 1, '2026-11-30T21:06:48.050Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"ef21821c-1ce3-438e-83df-0613ba750b40","causationId":"ef21821c-1ce3-438e-83df-0613ba750b40"}');
INSERT INTO bank.events VALUES (4, '01a22e48-1e90-7492-aebd-2b153e2b0369', 'account.deposited', 'account-1', 2, '2026-11-30T21:06:48.084Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"57269d4a-4106-4b2f-940b-668f67e54113","causationId":"57269d4a-4106-4b2f-940b-668f67e54113","$command":{"id":"57269d4a-4106-4b2f-940b-668f67e54113","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22e48-1ed5-72ef-9463-e364297dfc47', 'account.closed', 'account-2', 2, '2026-11-30T21:06:48.153Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"2ecd4d8b-82bf-4067-8af0-71a9508809e6","causationId":"2ecd4d8b-82bf-4067-8af0-71a9508809e6","$command":{"id":"2ecd4d8b-82bf-4067-8af0-71a9508809e6","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22e48-1ee4-7004-8907-6e9e2bd1a109', 'account.flagged', 'account-old', 2, '2026-11-30T21:06:48.166Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"e8cc1414-ed5b-4778-b5af-8ab60360a6cc","causationId":"e8cc1414-ed5b-4778-b5af-8ab60360a6cc","$command":{"id":"e8cc1414-ed5b-4778-b5af-8ab60360a6cc","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, 'd6439abb-c411-523c-8ed1-9dc6bcb7c18a', 'account.reminded', 'account-old', 3, '2026-11-30T21:06:48.218Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"e8cc1414-ed5b-4778-b5af-8ab60360a6cc","causationId":"01a22e48-1ee4-7004-8907-6e9e2bd1a109","$causationDepth":1,"$command":{"id":"3ff4f5b5-5ca1-59f1-b2f2-bc68dc397c02","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22e48-1f4b-733a-b72e-00b396e8fc10', 'account.deposited', 'account-old', 4, '2026-11-30T21:06:48.270Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"a1a8448c-7f1d-4784-96a7-70a3afe80c70","causationId":"a1a8448c-7f1d-4784-96a7-70a3afe80c70","$command":{"id":"a1a8448c-7f1d-4784-96a7-70a3afe80c70","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22e48-1f51-73f8-9b16-a17c1d43f53a', 'account.flagged', 'account-1', 3, '2026-11-30T21:06:48.281Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"195476a3-c56b-4a77-95fd-4a1ebcf939b7","causationId":"195476a3-c56b-4a77-95fd-4a1ebcf939b7","$command":{"id":"195476a3-c56b-4a77-95fd-4a1ebcf939b7","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22e48-1f63-70d4-b94b-b5cc88e2c8c0', 'account.opened', 'account-3', 1, '2026-11-30T21:06:48.301Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"d801e723-c644-4880-b75b-f1583ae02dc5","causationId":"d801e723-c644-4880-b75b-f1583ae02dc5","$command":{"id":"d801e723-c644-4880-b75b-f1583ae02dc5","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, '01a22e48-1f76-76f2-ae8b-75f88f60c884', 'account.flagged', 'account-3', 2, '2026-11-30T21:06:48.312Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"bf1e9142-f64c-4e96-b744-3fe8fadbdf83","causationId":"bf1e9142-f64c-4e96-b744-3fe8fadbdf83","$command":{"id":"bf1e9142-f64c-4e96-b744-3fe8fadbdf83","name":"account.flag"}}');
INSERT INTO bank.events VALUES (12, '9a78e336-b755-5eaa-b588-41c578568ff2', 'account.reminded', 'account-1', 4, '2026-11-30T21:06:48.328Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"195476a3-c56b-4a77-95fd-4a1ebcf939b7","causationId":"01a22e48-1f51-73f8-9b16-a17c1d43f53a","$causationDepth":1,"$command":{"id":"1eb1a662-7159-549e-84c8-cada307209cf","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (13, 'd56a4f7a-8919-5ebf-8c45-c07a8682d72d', '$snapshot.started', '$table-accounts', 1, '2026-11-30T21:06:48.638Z', '{"id":"01a22e48-20ac-7247-b001-b738be8729cd","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"a9ff9fa5-139a-4fc2-a8fc-4613e1e4b2a0","causationId":"a9ff9fa5-139a-4fc2-a8fc-4613e1e4b2a0"}');
INSERT INTO bank.events VALUES (14, '95097443-8c88-564c-95f2-5d442f8a515d', '$snapshot.completed', '$table-accounts', 2, '2026-11-30T21:06:48.681Z', '{"id":"01a22e48-20ac-7247-b001-b738be8729cd","table":"accounts","node":"sample","time":"2026-11-30T21:06:48.620Z","position":12,"rows":3,"checksum":"1c6d1731097a4248879d544931571f3ae3e3523bf65c330cbda0193183772e55","definition":"55ea879be9a9d4ea657bdc2f2d239ec0d280cce32e1cb8769eb1098a1e3acf05","format":1,"bytes":2113,"durationMs":52,"log":"6935e9e1-7554-44e8-b39b-1eaa8cbd7a91","reordered":false}', '{"schemaVersion":1,"correlationId":"a96b3f6a-34d9-46be-82ab-3c35b2c861d2","causationId":"a96b3f6a-34d9-46be-82ab-3c35b2c861d2"}');
INSERT INTO bank.events VALUES (15, '01a22e48-2112-74a3-b8f9-f2dbd9a17600', 'account.deposited', 'account-1', 5, '2026-11-30T21:06:48.723Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"4ca9c7ed-8e5e-43db-924a-d81fbcb4cd9a","causationId":"4ca9c7ed-8e5e-43db-924a-d81fbcb4cd9a","$command":{"id":"4ca9c7ed-8e5e-43db-924a-d81fbcb4cd9a","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-11-30T21:06:48.723Z', 1796072808145126);
INSERT INTO bank.leases VALUES ('table/totals/4fa411072fecc198', '', 1, '1fa20fa9-98f6-40ce-bd40-fb9a55af7120', 3000);
INSERT INTO bank.leases VALUES ('table/accounts/55ea879be9a9d4ea', '', 1, '2e194faf-ab7f-427e-a45b-b404cc14adc8', 3000);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '69526e4b-fffa-432f-996c-6983f094e505', 3000);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, 'abcfb2cb-5b21-4752-b69e-7a01642b9206', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, 'c35f4305-37bf-4449-b518-5065e8391c4d', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":8,"time":"2026-11-30T21:06:48.270Z","eventId":"01a22e48-1f4b-733a-b72e-00b396e8fc10","state":{"balance":3},"checksum":"69da6256a80128b3af4ef3e97ed909550cdcb2730e3e60f2e62684db55dc4ec2"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"455c959c-ed2e-5a96-b327-06058561c5a1","name":"later","when":"2035-02-16T21:06:48.050Z","data":null,"correlationId":"ef21821c-1ce3-438e-83df-0613ba750b40","causationId":"01a22e48-1e6a-72cc-85d4-33316557b1b6","depth":0}],"since":"2026-11-30T21:06:48.050Z","known":{"of":"01a22e48-1ee4-7004-8907-6e9e2bd1a109","refusals":{"aa831ff1-4597-5e20-a20e-7baa9bf6ef12":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422,"hash":"1:15cbefe09f716956dad85bc39f1def7396c17b5c22a3b0e7253b4b21b03214a9"}}},"parked":{"id":"01a22e48-1ee4-7004-8907-6e9e2bd1a109","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:06:48.224Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a22e48-1f51-73f8-9b16-a17c1d43f53a":{"reason":"a mistake","time":"2026-11-30T21:06:48.411Z"}}}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-16T21:06:48.018Z","data":null,"correlationId":"16435146-7602-4fc5-afae-fbbb9a966033","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"4457c214-c77c-5558-9f0f-9b1db0c4dc71","name":"soon","when":"2026-11-30T21:07:18.723Z","data":null,"correlationId":"4ca9c7ed-8e5e-43db-924a-d81fbcb4cd9a","causationId":"01a22e48-2112-74a3-b8f9-f2dbd9a17600","depth":0}],"since":"2026-11-30T21:06:48.018Z"}', 6);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":12,"time":"2026-11-30T21:06:48.328Z","eventId":"9a78e336-b755-5eaa-b588-41c578568ff2","state":{"balance":5},"checksum":"4bca00f5085ee84b101090a27a2c59a10f667768e8b7453b451043f30d14bed4"}', 2);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":11,"time":"2026-11-30T21:06:48.312Z","eventId":"01a22e48-1f76-76f2-ae8b-75f88f60c884","state":{"balance":0},"checksum":"3afdd0a8b36f4d1d93d673b61b37bbb1c1d4b3735cbdf4652b9c3de2994daa1b"}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":5,"time":"2026-11-30T21:06:48.153Z","eventId":"01a22e48-1ed5-72ef-9463-e364297dfc47","state":{"balance":0},"checksum":"ffee7fc99171b5919ff0ee76c5a0e8e4d51c82e304039cfaa83ba9dc39199264"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22e48-1f76-76f2-ae8b-75f88f60c884', '{"$format":1,"id":"01a22e48-1f76-76f2-ae8b-75f88f60c884","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:06:48.345Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"7c66f6b8-43c7-5ee4-be38-6f55186aaceb","name":"later","when":"2035-02-16T21:06:48.301Z","data":null,"correlationId":"d801e723-c644-4880-b75b-f1583ae02dc5","causationId":"01a22e48-1f63-70d4-b94b-b5cc88e2c8c0","depth":0}],"since":"2026-11-30T21:06:48.301Z"}', 1);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22e48-1f51-73f8-9b16-a17c1d43f53a":{"reason":"a mistake","time":"2026-11-30T21:06:48.435Z"}}}', 2);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22e48-1f51-73f8-9b16-a17c1d43f53a":{"reason":"a mistake","time":"2026-11-30T21:06:48.380Z"}},"build":{"id":"01a22e48-2029-71b8-9438-6a74f53540e9","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 2);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22e48-2112-74a3-b8f9-f2dbd9a17600","log":"6935e9e1-7554-44e8-b39b-1eaa8cbd7a91","parked":[{"id":"01a22e48-1ee4-7004-8907-6e9e2bd1a109","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-11-30T21:06:48.483Z","waiting":0},{"id":"01a22e48-1f76-76f2-ae8b-75f88f60c884","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:06:48.322Z","waiting":0}]}', 17);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22e48-2112-74a3-b8f9-f2dbd9a17600","log":"6935e9e1-7554-44e8-b39b-1eaa8cbd7a91","parked":[{"id":"01a22e48-1ee4-7004-8907-6e9e2bd1a109","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:06:48.224Z","process":"old","kind":"event"},{"id":"01a22e48-1f76-76f2-ae8b-75f88f60c884","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T21:06:48.345Z","process":"","kind":"event"}]}', 15);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', '76796cbc-5b30-4f1c-8bcc-e33e8250242d');
INSERT INTO totals.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.about VALUES ('table', 'totals');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '4fa411072fecc198', '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}],"functions":"f5fe4ebd54b323c2"}', '', 4, '01a22e48-1e90-7492-aebd-2b153e2b0369', 4, false, '6935e9e1-7554-44e8-b39b-1eaa8cbd7a91', '185c373c-9d6b-4e0e-a683-b9fae7615f92', '2026-11-30 21:06:48.104122+00');
INSERT INTO totals.live OVERRIDING SYSTEM VALUE VALUES ('4fa411072fecc198', 1, 1);
INSERT INTO totals.rows_1 VALUES ('01a22e48-1e90-7492-aebd-2b153e2b0369', 5);
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
CREATE INDEX rows_2_left_idx ON accounts.rows_2 USING btree ("left"(owner, 500));
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
