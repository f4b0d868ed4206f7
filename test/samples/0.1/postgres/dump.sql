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
      IF (before + count) / 1000 > before / 1000 THEN
        INSERT INTO "bank".types AS t
        SELECT e.type, count(*) FROM "bank".events e
        WHERE e.position > before / 1000 * 1000 AND e.position <= (before + store_commit.count) / 1000 * 1000 GROUP BY e.type
        ON CONFLICT (type) DO UPDATE SET count = t.count + excluded.count;
      END IF;
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
CREATE TABLE bank.types (
    type text NOT NULL COLLATE pg_catalog."C",
    count bigint NOT NULL
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
INSERT INTO accounts.about VALUES ('identity', 'd4065c01-145e-4d24-8f91-a424c479c766');
INSERT INTO accounts.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.about VALUES ('table', 'accounts');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '55ea879be9a9d4ea', '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}],"schemaVersions":{"account.opened":2},"functions":"e031e68961c3a3cb"}', '01a2300a-15f6-734c-98ed-e2e6157c15a5', 15, '01a2300a-172c-750d-9355-47df16313d72', 15, false, '63a4cbd9-df76-407f-9145-aa54a5070f4c', 'e70485c8-f31a-484e-b814-a598f0fe0bd6', '2026-12-01 05:18:17.461979+00');
INSERT INTO accounts.live OVERRIDING SYSTEM VALUE VALUES ('55ea879be9a9d4ea', 2, 3);
INSERT INTO accounts.parked VALUES (2, '01a2300a-141f-77dc-88cf-0560922362e3', 6, '{"$format":1,"id":"01a2300a-141f-77dc-88cf-0560922362e3","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T05:18:17.186Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a2300a-1503-7777-a03d-333ed8ade35b', 12, '{"$format":1,"id":"01a2300a-1503-7777-a03d-333ed8ade35b","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T05:18:17.202Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', '63a4cbd9-df76-407f-9145-aa54a5070f4c');
INSERT INTO bank.about VALUES ('migration 1', '77fcc61bee5799fd94098182261198ab4036190401b8682e3591063fa6ab4fab');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', 'f705dc5e853522679c5a4b938acf2f6658ae5958fcfb84987405e79aad2d73d4', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796102295432);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', '18a11909f068fcc01e18876e1f9e420b9167a03c4a17555b7016d688338d399a', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796102295574);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-12-01T05:18:15.729Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"0e396628-4a8b-4629-9e67-91ae91704cce","causationId":"0e396628-4a8b-4629-9e67-91ae91704cce","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a2300a-10e7-73cd-8cb3-14abe0162b30', 'account.opened', 'account-2', 1, '2026-12-01T05:18:15.899Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"572f047b-56d7-4908-899d-9197fa2b6262","causationId":"572f047b-56d7-4908-899d-9197fa2b6262","$command":{"id":"572f047b-56d7-4908-899d-9197fa2b6262","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a2300a-1179-733e-b4a3-79762c42d8f0', 'account.opened', 'account-old', 1, '2026-12-01T05:18:15.967Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"989e97a4-35d3-4d13-b665-e84cb1eca406","causationId":"989e97a4-35d3-4d13-b665-e84cb1eca406"}');
INSERT INTO bank.events VALUES (4, '01a2300a-12cb-757b-91e6-51d884dc8b3d', 'account.deposited', 'account-1', 2, '2026-12-01T05:18:16.383Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"a6ce8d10-6e05-45cf-addb-4b69ef6cb1d1","causationId":"a6ce8d10-6e05-45cf-addb-4b69ef6cb1d1","$command":{"id":"a6ce8d10-6e05-45cf-addb-4b69ef6cb1d1","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a2300a-13e4-7046-97b8-46c34e11cb5f', 'account.closed', 'account-2', 2, '2026-12-01T05:18:16.575Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"eed466d3-a995-4489-bc81-16c42ea302da","causationId":"eed466d3-a995-4489-bc81-16c42ea302da","$command":{"id":"eed466d3-a995-4489-bc81-16c42ea302da","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a2300a-141f-77dc-88cf-0560922362e3', 'account.flagged', 'account-old', 2, '2026-12-01T05:18:16.611Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"a55f9784-5bd4-4ce8-8dea-2a4aa2b7ef73","causationId":"a55f9784-5bd4-4ce8-8dea-2a4aa2b7ef73","$command":{"id":"a55f9784-5bd4-4ce8-8dea-2a4aa2b7ef73","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, 'ba4ce429-f64c-5522-a22c-4267e7b07a84', 'account.reminded', 'account-old', 3, '2026-12-01T05:18:16.715Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"a55f9784-5bd4-4ce8-8dea-2a4aa2b7ef73","causationId":"01a2300a-141f-77dc-88cf-0560922362e3","$causationDepth":1,"$command":{"id":"37bdc7f5-b307-5897-a412-b85c0681e43a","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a2300a-14b3-7290-a966-4b45a1807de0', 'account.deposited', 'account-old', 4, '2026-12-01T05:18:16.758Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"f017ae5e-4798-45ae-ade0-578728e4cc3d","causationId":"f017ae5e-4798-45ae-ade0-578728e4cc3d","$command":{"id":"f017ae5e-4798-45ae-ade0-578728e4cc3d","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a2300a-14ba-75b3-a1cc-c1c4c6a7cb31', 'account.flagged', 'account-1', 3, '2026-12-01T05:18:16.766Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"0850af6d-5e75-4191-8216-bddd8430440e","causationId":"0850af6d-5e75-4191-8216-bddd8430440e","$command":{"id":"0850af6d-5e75-4191-8216-bddd8430440e","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a2300a-14e8-74c2-96ee-cf3398c26619', 'account.opened', 'account-3', 1, '2026-12-01T05:18:16.824Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"92046612-5ba6-4172-aecb-87b7e7fb6736","causationId":"92046612-5ba6-4172-aecb-87b7e7fb6736","$command":{"id":"92046612-5ba6-4172-aecb-87b7e7fb6736","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, 'f94c9234-1031-5190-a653-8b4d22d232e6', 'account.reminded', 'account-1', 4, '2026-12-01T05:18:16.840Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"0850af6d-5e75-4191-8216-bddd8430440e","causationId":"01a2300a-14ba-75b3-a1cc-c1c4c6a7cb31","$causationDepth":1,"$command":{"id":"98b8403a-e547-5785-9700-ed3ab2657075","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (12, '01a2300a-1503-7777-a03d-333ed8ade35b', 'account.flagged', 'account-3', 2, '2026-12-01T05:18:16.840Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"955991d1-be17-4ea6-bcd8-2f698483710d","causationId":"955991d1-be17-4ea6-bcd8-2f698483710d","$command":{"id":"955991d1-be17-4ea6-bcd8-2f698483710d","name":"account.flag"}}');
INSERT INTO bank.events VALUES (13, 'dee03bc5-3b7c-59c8-ae26-4a3f62bf2608', '$snapshot.started', '$table-accounts', 1, '2026-12-01T05:18:17.266Z', '{"id":"01a2300a-169e-7360-9564-38d6ceeaf551","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"2f86aa63-815b-424d-a9e3-a29bd11068be","causationId":"2f86aa63-815b-424d-a9e3-a29bd11068be"}');
INSERT INTO bank.events VALUES (14, 'de926724-bf20-5cb5-8042-163d4cf242df', '$snapshot.completed', '$table-accounts', 2, '2026-12-01T05:18:17.344Z', '{"id":"01a2300a-169e-7360-9564-38d6ceeaf551","table":"accounts","node":"sample","time":"2026-12-01T05:18:17.246Z","position":12,"rows":3,"checksum":"bf58cb9dd683a2e88393ebd189dc2a86dd3493a0c6d438cd1dfe3532334cc894","definition":"55ea879be9a9d4ea657bdc2f2d239ec0d280cce32e1cb8769eb1098a1e3acf05","format":1,"bytes":2113,"durationMs":54,"log":"63a4cbd9-df76-407f-9145-aa54a5070f4c","reordered":false}', '{"schemaVersion":1,"correlationId":"b31c4596-c805-4114-8c30-7fa42b8619a6","causationId":"b31c4596-c805-4114-8c30-7fa42b8619a6"}');
INSERT INTO bank.events VALUES (15, '01a2300a-172c-750d-9355-47df16313d72', 'account.deposited', 'account-1', 5, '2026-12-01T05:18:17.391Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"f8608f80-dbe9-4a90-b370-026905a9aa7b","causationId":"f8608f80-dbe9-4a90-b370-026905a9aa7b","$command":{"id":"f8608f80-dbe9-4a90-b370-026905a9aa7b","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-12-01T05:18:17.391Z', 1796102296537311);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, 'e1aaad14-eac2-44e9-a1f0-9a0e2a2b3c2b', 3000);
INSERT INTO bank.leases VALUES ('table/accounts/55ea879be9a9d4ea', '', 1, 'cb9e7b42-9ce3-4343-bacf-a1591b039bba', 3000);
INSERT INTO bank.leases VALUES ('table/totals/4fa411072fecc198', '', 1, '2dae5a5b-6359-4e36-9783-917fe7ca4aad', 3000);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '5c2991c1-bfec-47f1-9e08-c22b361389cb', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '71a6ceb4-1ef8-4949-95db-b2a0030dc826', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('formerNames', '{"$format":1,"types":{"account.reminded":["account.warned"]}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1, schemas 3339d409e30d297b84ac37ed89e6960263b9e6debb6acdf6f947afd7121f53e6","version":4,"position":11,"time":"2026-12-01T05:18:16.840Z","eventId":"f94c9234-1031-5190-a653-8b4d22d232e6","state":{"balance":5},"checksum":"7088881f9ee11b91e9bc07bcd56e6f6b796892318b89712d67549642d6bbb31b"}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1, schemas 3339d409e30d297b84ac37ed89e6960263b9e6debb6acdf6f947afd7121f53e6","version":4,"position":8,"time":"2026-12-01T05:18:16.758Z","eventId":"01a2300a-14b3-7290-a966-4b45a1807de0","state":{"balance":3},"checksum":"9e07f47919e2a3d3fda86e9c1b6ab724854eebc084452f11f4c9cf65d36c4159"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"f5588af8-de75-5bb3-af5e-e0bce58404de","name":"later","when":"2035-02-17T05:18:15.967Z","data":null,"correlationId":"989e97a4-35d3-4d13-b665-e84cb1eca406","causationId":"01a2300a-1179-733e-b4a3-79762c42d8f0","depth":0}],"since":"2026-12-01T05:18:15.967Z","known":{"of":"01a2300a-141f-77dc-88cf-0560922362e3","refusals":{"034fc184-b3b9-562c-bdb6-6877895684f8":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422,"hash":"1:15cbefe09f716956dad85bc39f1def7396c17b5c22a3b0e7253b4b21b03214a9"}}},"parked":{"id":"01a2300a-141f-77dc-88cf-0560922362e3","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T05:18:16.726Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1, schemas 3339d409e30d297b84ac37ed89e6960263b9e6debb6acdf6f947afd7121f53e6","version":2,"position":12,"time":"2026-12-01T05:18:16.840Z","eventId":"01a2300a-1503-7777-a03d-333ed8ade35b","state":{"balance":0},"checksum":"43c236012abaa7413d2897f57cc3ec588051e7dd383829b675aa6b5f97d6cd9c"}', 1);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 4);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1, schemas 3339d409e30d297b84ac37ed89e6960263b9e6debb6acdf6f947afd7121f53e6","version":2,"position":5,"time":"2026-12-01T05:18:16.575Z","eventId":"01a2300a-13e4-7046-97b8-46c34e11cb5f","state":{"balance":0},"checksum":"7dc521bd57ab256a94d501ced1d73686bc90bd847c0653bb1367a66992ee298e"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-17T05:18:15.729Z","data":null,"correlationId":"0e396628-4a8b-4629-9e67-91ae91704cce","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"a52de37c-47ce-563c-9d1c-70b7ff9b41c6","name":"soon","when":"2026-12-01T05:18:47.391Z","data":null,"correlationId":"f8608f80-dbe9-4a90-b370-026905a9aa7b","causationId":"01a2300a-172c-750d-9355-47df16313d72","depth":0}],"since":"2026-12-01T05:18:15.729Z"}', 6);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a2300a-1503-7777-a03d-333ed8ade35b', '{"$format":1,"id":"01a2300a-1503-7777-a03d-333ed8ade35b","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T05:18:16.914Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a2300a-172c-750d-9355-47df16313d72","log":"63a4cbd9-df76-407f-9145-aa54a5070f4c","parked":[{"id":"01a2300a-141f-77dc-88cf-0560922362e3","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T05:18:16.726Z","process":"old","kind":"event"},{"id":"01a2300a-1503-7777-a03d-333ed8ade35b","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T05:18:16.914Z","process":"","kind":"event"}]}', 15);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a2300a-14ba-75b3-a1cc-c1c4c6a7cb31":{"reason":"a mistake","time":"2026-12-01T05:18:16.984Z"}}}', 2);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a2300a-172c-750d-9355-47df16313d72","log":"63a4cbd9-df76-407f-9145-aa54a5070f4c","parked":[{"id":"01a2300a-141f-77dc-88cf-0560922362e3","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-12-01T05:18:17.043Z","waiting":0},{"id":"01a2300a-1503-7777-a03d-333ed8ade35b","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T05:18:16.867Z","waiting":0}]}', 17);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"f8302d77-a96d-53c8-a432-0ead8bd31d84","name":"later","when":"2035-02-17T05:18:16.824Z","data":null,"correlationId":"92046612-5ba6-4172-aecb-87b7e7fb6736","causationId":"01a2300a-14e8-74c2-96ee-cf3398c26619","depth":0}],"since":"2026-12-01T05:18:16.824Z"}', 1);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a2300a-14ba-75b3-a1cc-c1c4c6a7cb31":{"reason":"a mistake","time":"2026-12-01T05:18:16.958Z"}},"build":{"id":"01a2300a-15f6-734c-98ed-e2e6157c15a5","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a2300a-14ba-75b3-a1cc-c1c4c6a7cb31":{"reason":"a mistake","time":"2026-12-01T05:18:17.005Z"}}}', 2);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', '2f418876-a1e4-4b61-b3c6-f844a892432e');
INSERT INTO totals.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.about VALUES ('table', 'totals');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '4fa411072fecc198', '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}],"functions":"f5fe4ebd54b323c2"}', '', 4, '01a2300a-12cb-757b-91e6-51d884dc8b3d', 4, false, '63a4cbd9-df76-407f-9145-aa54a5070f4c', '2bc0db42-7db4-48ab-b620-35651c7bce79', '2026-12-01 05:18:16.466754+00');
INSERT INTO totals.live OVERRIDING SYSTEM VALUE VALUES ('4fa411072fecc198', 1, 1);
INSERT INTO totals.rows_1 VALUES ('01a2300a-12cb-757b-91e6-51d884dc8b3d', 5);
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
ALTER TABLE ONLY bank.types
    ADD CONSTRAINT types_pkey PRIMARY KEY (type);
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
