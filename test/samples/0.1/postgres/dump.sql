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
INSERT INTO accounts.about VALUES ('identity', '46ef4bf6-25d7-42cc-95a1-699d59ac2071');
INSERT INTO accounts.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}]}', '01a22d53-9d9e-7245-9d54-11d5087aba81', 15, '01a22d53-9dfe-7493-acfc-30127c800fd8', 15, false, 'c9670b49-3eb6-4e05-8932-0cdc7cbfea5a', 'd1998a0d-6e49-478b-879d-2c061748ccf5', '2026-11-30 16:39:44.389251+00');
INSERT INTO accounts.live VALUES (true, 2);
INSERT INTO accounts.parked VALUES (2, '01a22d53-9cc9-72e6-ba9f-7ac8e63aba10', 6, '{"$format":1,"id":"01a22d53-9cc9-72e6-ba9f-7ac8e63aba10","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T16:39:44.311Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22d53-9d36-76b6-a7d5-b01fe90315ad', 11, '{"$format":1,"id":"01a22d53-9d36-76b6-a7d5-b01fe90315ad","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T16:39:44.317Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', 'c9670b49-3eb6-4e05-8932-0cdc7cbfea5a');
INSERT INTO bank.about VALUES ('migration 1', '7b83c00e8475156430b5fc2691cf730c52991b56af06fee75b9bcca99e7ed153');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', '4ad3ad10cb827b8aea89eeb39e664682a8086503f39558c7995b7f2b4614b821', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796056783851);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', 'd9c871bbbf27894249fb5800effebffea6a31963cd040286de602dfb79017262', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796056783885);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-11-30T16:39:43.924Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"04a3cd9a-af46-4065-9599-fa7469f337a5","causationId":"04a3cd9a-af46-4065-9599-fa7469f337a5","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22d53-9c42-70f9-a8ba-3daf0bfcb3f4', 'account.opened', 'account-2', 1, '2026-11-30T16:39:43.958Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"bfce4751-15b9-4b01-89bc-6955b0342e0c","causationId":"bfce4751-15b9-4b01-89bc-6955b0342e0c","$command":{"id":"bfce4751-15b9-4b01-89bc-6955b0342e0c","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22d53-9c5a-748a-9daa-d88aa8cf5488', 'account.opened', 'account-old', 1, '2026-11-30T16:39:43.970Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"ebd99aa7-b825-4647-b8de-209c2182d8cb","causationId":"ebd99aa7-b825-4647-b8de-209c2182d8cb"}');
INSERT INTO bank.events VALUES (4, '01a22d53-9c73-711e-989c-645c807ebbcd', 'account.deposited', 'account-1', 2, '2026-11-30T16:39:43.993Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"db07d049-5011-4091-9842-9ad469731ff0","causationId":"db07d049-5011-4091-9842-9ad469731ff0","$command":{"id":"db07d049-5011-4091-9842-9ad469731ff0","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22d53-9cb6-7544-8fd9-dfcff5d924ef', 'account.closed', 'account-2', 2, '2026-11-30T16:39:44.056Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"b3031130-eebe-4e32-94e5-bfc847b0e6de","causationId":"b3031130-eebe-4e32-94e5-bfc847b0e6de","$command":{"id":"b3031130-eebe-4e32-94e5-bfc847b0e6de","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22d53-9cc9-72e6-ba9f-7ac8e63aba10', 'account.flagged', 'account-old', 2, '2026-11-30T16:39:44.082Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"79dbe17f-22f6-4fcb-9327-2e3da3860ba4","causationId":"79dbe17f-22f6-4fcb-9327-2e3da3860ba4","$command":{"id":"79dbe17f-22f6-4fcb-9327-2e3da3860ba4","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, '9183c6c0-72d8-51c7-99e5-aa6f5f43c3e8', 'account.reminded', 'account-old', 3, '2026-11-30T16:39:44.114Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"79dbe17f-22f6-4fcb-9327-2e3da3860ba4","causationId":"01a22d53-9cc9-72e6-ba9f-7ac8e63aba10","$causationDepth":1,"$command":{"id":"205775c4-d6cd-5e2f-bc71-baa4c2da4b40","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22d53-9d12-747f-bb17-c9f3646a4b6f', 'account.deposited', 'account-old', 4, '2026-11-30T16:39:44.150Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"dd5f88b5-d446-4f50-91ba-9fcce7f45fef","causationId":"dd5f88b5-d446-4f50-91ba-9fcce7f45fef","$command":{"id":"dd5f88b5-d446-4f50-91ba-9fcce7f45fef","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22d53-9d18-73e3-b52c-41c27c20abdb', 'account.flagged', 'account-1', 3, '2026-11-30T16:39:44.155Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"fc73d6eb-d1bc-4416-b10d-9f2584f38ff1","causationId":"fc73d6eb-d1bc-4416-b10d-9f2584f38ff1","$command":{"id":"fc73d6eb-d1bc-4416-b10d-9f2584f38ff1","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22d53-9d27-77c7-8f63-75599a679dcf', 'account.opened', 'account-3', 1, '2026-11-30T16:39:44.175Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"c6710ba9-c83a-434c-88c5-c541acdbaedb","causationId":"c6710ba9-c83a-434c-88c5-c541acdbaedb","$command":{"id":"c6710ba9-c83a-434c-88c5-c541acdbaedb","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, '01a22d53-9d36-76b6-a7d5-b01fe90315ad', 'account.flagged', 'account-3', 2, '2026-11-30T16:39:44.184Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"0a2fb2c9-5196-4e44-a3ca-54bf22106fea","causationId":"0a2fb2c9-5196-4e44-a3ca-54bf22106fea","$command":{"id":"0a2fb2c9-5196-4e44-a3ca-54bf22106fea","name":"account.flag"}}');
INSERT INTO bank.events VALUES (12, '4a850d9f-b581-5578-a1d7-3dd19163b3ef', 'account.reminded', 'account-1', 4, '2026-11-30T16:39:44.202Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"fc73d6eb-d1bc-4416-b10d-9f2584f38ff1","causationId":"01a22d53-9d18-73e3-b52c-41c27c20abdb","$causationDepth":1,"$command":{"id":"b2b5cdb8-1e7b-5547-8e26-73dc589746e6","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (13, '255335cd-3541-54a0-b4ef-0cfad2b6c071', '$snapshot.started', '$table-accounts', 1, '2026-11-30T16:39:44.339Z', '{"id":"01a22d53-9dc8-7506-9e3b-c9f88066c15b","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"ee70fdfc-09ee-42a3-99fc-b25364091442","causationId":"ee70fdfc-09ee-42a3-99fc-b25364091442"}');
INSERT INTO bank.events VALUES (14, 'cd20bb7e-4378-5f80-8b18-b73446ebb79c', '$snapshot.completed', '$table-accounts', 2, '2026-11-30T16:39:44.364Z', '{"id":"01a22d53-9dc8-7506-9e3b-c9f88066c15b","table":"accounts","node":"sample","time":"2026-11-30T16:39:44.328Z","position":12,"rows":3,"checksum":"a1d688f0b317e8c070bc78fa5b8fba8783ee05478ae1cff3dd667a47ba3ca4b8","definition":"ff32b5423423b7674ddf0da9185b6f5dc3fa3849af331aea24cfb7f14d1c1880","format":1,"bytes":2036,"durationMs":31,"log":"c9670b49-3eb6-4e05-8932-0cdc7cbfea5a","reordered":false}', '{"schemaVersion":1,"correlationId":"f9f94a1a-218e-4602-b1e6-8d613e6398fc","causationId":"f9f94a1a-218e-4602-b1e6-8d613e6398fc"}');
INSERT INTO bank.events VALUES (15, '01a22d53-9dfe-7493-acfc-30127c800fd8', 'account.deposited', 'account-1', 5, '2026-11-30T16:39:44.383Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"766eac04-6d73-4387-ab17-4d56121664d8","causationId":"766eac04-6d73-4387-ab17-4d56121664d8","$command":{"id":"766eac04-6d73-4387-ab17-4d56121664d8","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-11-30T16:39:44.383Z', 1796056784052226);
INSERT INTO bank.leases VALUES ('table/totals', '', 1, 'b8f07d62-ffe8-4582-8b86-558b6f1de6fa', 3000);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, '9d7aed0d-1f24-4a40-817c-8ca106c34ba1', 3000);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '4e3e9828-165c-4971-87c7-1a4c3f04d7f2', 3000);
INSERT INTO bank.leases VALUES ('table/accounts', '', 1, 'cf0a91a6-ba06-419a-87d4-962499fe6cd8', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '86da2a9d-e7d2-44d9-9a09-3b508db71bc1', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1","version":4,"position":12,"time":"2026-11-30T16:39:44.202Z","eventId":"4a850d9f-b581-5578-a1d7-3dd19163b3ef","state":{"balance":5},"checksum":"38f262b3e0b87c0e5b87f6c502c03fad34f1409e78054d7b12cb2ad6432e22b5"}', 2);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22d53-9d18-73e3-b52c-41c27c20abdb":{"reason":"a mistake","time":"2026-11-30T16:39:44.253Z"}},"build":{"id":"01a22d53-9d9e-7245-9d54-11d5087aba81","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1","version":4,"position":8,"time":"2026-11-30T16:39:44.150Z","eventId":"01a22d53-9d12-747f-bb17-c9f3646a4b6f","state":{"balance":3},"checksum":"ca6b12ada2179829bde114a771d2f7ccce25a9ede751f00acaa4c484328504bc"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"04f51c4f-3fc8-541e-85d0-c29ad62d3b9e","name":"later","when":"2035-02-16T16:39:43.970Z","data":null,"correlationId":"ebd99aa7-b825-4647-b8de-209c2182d8cb","causationId":"01a22d53-9c5a-748a-9daa-d88aa8cf5488","depth":0}],"since":"2026-11-30T16:39:43.970Z","known":{"of":"01a22d53-9cc9-72e6-ba9f-7ac8e63aba10","refusals":{"182fa40e-2446-5251-b1a1-5af8d465da42":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422}}},"parked":{"id":"01a22d53-9cc9-72e6-ba9f-7ac8e63aba10","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T16:39:44.119Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22d53-9d36-76b6-a7d5-b01fe90315ad', '{"$format":1,"id":"01a22d53-9d36-76b6-a7d5-b01fe90315ad","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T16:39:44.217Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1","version":2,"position":11,"time":"2026-11-30T16:39:44.184Z","eventId":"01a22d53-9d36-76b6-a7d5-b01fe90315ad","state":{"balance":0},"checksum":"85b8c92d1099e41f0a8f3c3bdf4a3b04fff03a695ae89ee4f8371d51acb180a1"}', 1);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22d53-9dfe-7493-acfc-30127c800fd8","log":"c9670b49-3eb6-4e05-8932-0cdc7cbfea5a","parked":[{"id":"01a22d53-9cc9-72e6-ba9f-7ac8e63aba10","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T16:39:44.094Z","waiting":0},{"id":"01a22d53-9d36-76b6-a7d5-b01fe90315ad","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T16:39:44.193Z","waiting":0}]}', 16);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22d53-9d18-73e3-b52c-41c27c20abdb":{"reason":"a mistake","time":"2026-11-30T16:39:44.273Z"}}}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1","version":2,"position":5,"time":"2026-11-30T16:39:44.056Z","eventId":"01a22d53-9cb6-7544-8fd9-dfcff5d924ef","state":{"balance":0},"checksum":"11ff4d1db72309ff69b1feaa4075936d414a7782b14a0aa417a6ebbccb2ccaab"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-16T16:39:43.924Z","data":null,"correlationId":"04a3cd9a-af46-4065-9599-fa7469f337a5","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"2eb81785-050b-5066-899c-9ce1f5c32b83","name":"soon","when":"2026-11-30T16:40:14.383Z","data":null,"correlationId":"766eac04-6d73-4387-ab17-4d56121664d8","causationId":"01a22d53-9dfe-7493-acfc-30127c800fd8","depth":0}],"since":"2026-11-30T16:39:43.924Z"}', 6);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22d53-9dfe-7493-acfc-30127c800fd8","log":"c9670b49-3eb6-4e05-8932-0cdc7cbfea5a","parked":[{"id":"01a22d53-9cc9-72e6-ba9f-7ac8e63aba10","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T16:39:44.119Z","process":"old","kind":"event"},{"id":"01a22d53-9d36-76b6-a7d5-b01fe90315ad","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T16:39:44.217Z","process":"","kind":"event"}]}', 15);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"4acedb88-89f3-5b3d-8fdd-aa9025aebd19","name":"later","when":"2035-02-16T16:39:44.175Z","data":null,"correlationId":"c6710ba9-c83a-434c-88c5-c541acdbaedb","causationId":"01a22d53-9d27-77c7-8f63-75599a679dcf","depth":0}],"since":"2026-11-30T16:39:44.175Z"}', 1);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22d53-9d18-73e3-b52c-41c27c20abdb":{"reason":"a mistake","time":"2026-11-30T16:39:44.264Z"}}}', 1);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 1);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', '01be7925-e237-46ef-8ecd-c6ee581709ab');
INSERT INTO totals.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}]}', '', 4, '01a22d53-9c73-711e-989c-645c807ebbcd', 4, false, 'c9670b49-3eb6-4e05-8932-0cdc7cbfea5a', 'cc9b575b-4320-42f7-b7db-2095e0832a35', '2026-11-30 16:39:44.018291+00');
INSERT INTO totals.live VALUES (true, 1);
INSERT INTO totals.rows_1 VALUES ('01a22d53-9c73-711e-989c-645c807ebbcd', 5);
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
