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
INSERT INTO accounts.about VALUES ('identity', '373bdc93-badf-4160-b26e-240b1c2bda9e');
INSERT INTO accounts.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}]}', '01a22da7-45fa-740e-a058-1f4ebf551643', 15, '01a22da7-46e8-7091-9f04-3bf0aa71fa5c', 15, false, '78d795bc-fa39-4f14-917d-80e864307a90', 'e67986db-0617-4557-bf58-91873b9b26ec', '2026-11-30 18:11:07.119861+00');
INSERT INTO accounts.live VALUES (true, 2);
INSERT INTO accounts.parked VALUES (2, '01a22da7-4486-7056-af8d-fe6d18f282e2', 6, '{"$format":1,"id":"01a22da7-4486-7056-af8d-fe6d18f282e2","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T18:11:06.933Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22da7-4533-746e-a345-c29489d1a276', 11, '{"$format":1,"id":"01a22da7-4533-746e-a345-c29489d1a276","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T18:11:06.948Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', '78d795bc-fa39-4f14-917d-80e864307a90');
INSERT INTO bank.about VALUES ('migration 1', '7b83c00e8475156430b5fc2691cf730c52991b56af06fee75b9bcca99e7ed153');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', '4ad3ad10cb827b8aea89eeb39e664682a8086503f39558c7995b7f2b4614b821', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796062266132);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', 'd9c871bbbf27894249fb5800effebffea6a31963cd040286de602dfb79017262', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796062266168);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-11-30T18:11:06.198Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"b277a622-0638-486f-add7-b4faeeac20e2","causationId":"b277a622-0638-486f-add7-b4faeeac20e2","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22da7-436f-7715-93f7-b7879bf1e96f', 'account.opened', 'account-2', 1, '2026-11-30T18:11:06.234Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"cda32680-1c2e-4589-bf5c-0d169916f1d2","causationId":"cda32680-1c2e-4589-bf5c-0d169916f1d2","$command":{"id":"cda32680-1c2e-4589-bf5c-0d169916f1d2","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22da7-437f-72a4-abcc-24157954f861', 'account.opened', 'account-old', 1, '2026-11-30T18:11:06.242Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"e4f3cd49-b77a-4478-b03c-ea49b880db6d","causationId":"e4f3cd49-b77a-4478-b03c-ea49b880db6d"}');
INSERT INTO bank.events VALUES (4, '01a22da7-439d-7317-90db-55c3ef43e62b', 'account.deposited', 'account-1', 2, '2026-11-30T18:11:06.274Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"dd0e4507-cebb-4823-8f7e-694334d7fffa","causationId":"dd0e4507-cebb-4823-8f7e-694334d7fffa","$command":{"id":"dd0e4507-cebb-4823-8f7e-694334d7fffa","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22da7-4474-7328-85b5-af0f87996769', 'account.closed', 'account-2', 2, '2026-11-30T18:11:06.487Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"45e2866e-9ddc-4aa7-842b-632bcd0b996b","causationId":"45e2866e-9ddc-4aa7-842b-632bcd0b996b","$command":{"id":"45e2866e-9ddc-4aa7-842b-632bcd0b996b","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22da7-4486-7056-af8d-fe6d18f282e2', 'account.flagged', 'account-old', 2, '2026-11-30T18:11:06.505Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"0afb1a04-14d7-4837-b41b-f0a97b98afa0","causationId":"0afb1a04-14d7-4837-b41b-f0a97b98afa0","$command":{"id":"0afb1a04-14d7-4837-b41b-f0a97b98afa0","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, '392b9d6e-01d1-53d8-82cd-2b174e07601a', 'account.reminded', 'account-old', 3, '2026-11-30T18:11:06.629Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"0afb1a04-14d7-4837-b41b-f0a97b98afa0","causationId":"01a22da7-4486-7056-af8d-fe6d18f282e2","$causationDepth":1,"$command":{"id":"53011f5e-f96b-5e8e-8334-08bd7d18c2da","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22da7-4519-7069-96d3-51228895c053', 'account.deposited', 'account-old', 4, '2026-11-30T18:11:06.651Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"34fd8fc6-4f6f-4321-9222-91eecfb836a7","causationId":"34fd8fc6-4f6f-4321-9222-91eecfb836a7","$command":{"id":"34fd8fc6-4f6f-4321-9222-91eecfb836a7","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22da7-451e-7351-ad23-7c2351873534', 'account.flagged', 'account-1', 3, '2026-11-30T18:11:06.657Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"93832bef-5dca-4eaf-9a2b-f1ede7d396b6","causationId":"93832bef-5dca-4eaf-9a2b-f1ede7d396b6","$command":{"id":"93832bef-5dca-4eaf-9a2b-f1ede7d396b6","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22da7-452c-710c-87be-a748a3887279', 'account.opened', 'account-3', 1, '2026-11-30T18:11:06.670Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"e3e439b3-b6de-468f-932e-193617639a32","causationId":"e3e439b3-b6de-468f-932e-193617639a32","$command":{"id":"e3e439b3-b6de-468f-932e-193617639a32","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, '01a22da7-4533-746e-a345-c29489d1a276', 'account.flagged', 'account-3', 2, '2026-11-30T18:11:06.676Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"2d6db7da-4cfa-4f27-8772-90d9c493fe1c","causationId":"2d6db7da-4cfa-4f27-8772-90d9c493fe1c","$command":{"id":"2d6db7da-4cfa-4f27-8772-90d9c493fe1c","name":"account.flag"}}');
INSERT INTO bank.events VALUES (12, '72fa16e9-f2f8-5619-8161-60c2973804ae', 'account.reminded', 'account-1', 4, '2026-11-30T18:11:06.799Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"93832bef-5dca-4eaf-9a2b-f1ede7d396b6","causationId":"01a22da7-451e-7351-ad23-7c2351873534","$causationDepth":1,"$command":{"id":"e9f5269c-c380-51dc-afbf-8c1db109a78b","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (13, '6b54297e-86f5-5fe1-8076-0098c633b4ab', '$snapshot.started', '$table-accounts', 1, '2026-11-30T18:11:07.068Z', '{"id":"01a22da7-4680-70f8-a894-010acd46b1c7","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"feda1ee8-fb4c-4b53-a9a9-316f5dec3e12","causationId":"feda1ee8-fb4c-4b53-a9a9-316f5dec3e12"}');
INSERT INTO bank.events VALUES (14, 'e7b83240-e599-5119-9b28-04ab92a647d8', '$snapshot.completed', '$table-accounts', 2, '2026-11-30T18:11:07.091Z', '{"id":"01a22da7-4680-70f8-a894-010acd46b1c7","table":"accounts","node":"sample","time":"2026-11-30T18:11:07.009Z","position":12,"rows":3,"checksum":"8fa993222a8549694630ee55122efa55a709a821c39a628d53c7e5ec721d1442","definition":"ff32b5423423b7674ddf0da9185b6f5dc3fa3849af331aea24cfb7f14d1c1880","format":1,"bytes":2036,"durationMs":77,"log":"78d795bc-fa39-4f14-917d-80e864307a90","reordered":false}', '{"schemaVersion":1,"correlationId":"0c9de8fd-0b87-4d76-b116-0792c7026087","causationId":"0c9de8fd-0b87-4d76-b116-0792c7026087"}');
INSERT INTO bank.events VALUES (15, '01a22da7-46e8-7091-9f04-3bf0aa71fa5c', 'account.deposited', 'account-1', 5, '2026-11-30T18:11:07.114Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"ccf9c7fe-e343-4f33-823e-6fac85c9415c","causationId":"ccf9c7fe-e343-4f33-823e-6fac85c9415c","$command":{"id":"ccf9c7fe-e343-4f33-823e-6fac85c9415c","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-11-30T18:11:07.114Z', 1796062266414758);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, '7b8f4592-5419-4b8e-be41-66d9b87f95b2', 3000);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '58b8957b-df4a-485d-ae40-767c4fcda24f', 3000);
INSERT INTO bank.leases VALUES ('table/accounts', '', 1, 'c799c072-1fda-40d0-ba61-7aed56f7a1a1', 3000);
INSERT INTO bank.leases VALUES ('table/totals', '', 1, '90b31dcd-be01-46b7-98b0-e771847a47c7', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '4ed23260-f455-4e1e-b932-289a5cdcf102', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"befc0a3b-132d-5def-88fc-e089119c7009","name":"later","when":"2035-02-16T18:11:06.242Z","data":null,"correlationId":"e4f3cd49-b77a-4478-b03c-ea49b880db6d","causationId":"01a22da7-437f-72a4-abcc-24157954f861","depth":0}],"since":"2026-11-30T18:11:06.242Z","known":{"of":"01a22da7-4486-7056-af8d-fe6d18f282e2","refusals":{"d77fe640-39b2-547a-93dd-c92ff4a00354":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422,"hash":"1:15cbefe09f716956dad85bc39f1def7396c17b5c22a3b0e7253b4b21b03214a9"}}},"parked":{"id":"01a22da7-4486-7056-af8d-fe6d18f282e2","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T18:11:06.631Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22da7-451e-7351-ad23-7c2351873534":{"reason":"a mistake","time":"2026-11-30T18:11:06.818Z"}},"build":{"id":"01a22da7-45fa-740e-a058-1f4ebf551643","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22da7-46e8-7091-9f04-3bf0aa71fa5c","log":"78d795bc-fa39-4f14-917d-80e864307a90","parked":[{"id":"01a22da7-4486-7056-af8d-fe6d18f282e2","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T18:11:06.631Z","process":"old","kind":"event"},{"id":"01a22da7-4533-746e-a345-c29489d1a276","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T18:11:06.813Z","process":"","kind":"event"}]}', 14);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1","version":4,"position":8,"time":"2026-11-30T18:11:06.651Z","eventId":"01a22da7-4519-7069-96d3-51228895c053","state":{"balance":3},"checksum":"2e4c33d02befc64d69bb602054d0435b024f44b34255f1ff8fece4c484791847"}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1","version":4,"position":12,"time":"2026-11-30T18:11:06.799Z","eventId":"72fa16e9-f2f8-5619-8161-60c2973804ae","state":{"balance":5},"checksum":"f1508999d1be444b6ed8c05b7bff7d60340789265eeadacbcade110642275e3c"}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1","version":2,"position":11,"time":"2026-11-30T18:11:06.676Z","eventId":"01a22da7-4533-746e-a345-c29489d1a276","state":{"balance":0},"checksum":"842d2ade0876bc40e16d0c4c3db5f80cd7d911fb8beae0708a9031370e86c6be"}', 1);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1","version":2,"position":5,"time":"2026-11-30T18:11:06.487Z","eventId":"01a22da7-4474-7328-85b5-af0f87996769","state":{"balance":0},"checksum":"91fc7348b408730678c3701edf9207b47a1a9ea6cb4aa8233eb50f257c4d2639"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22da7-4533-746e-a345-c29489d1a276', '{"$format":1,"id":"01a22da7-4533-746e-a345-c29489d1a276","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T18:11:06.813Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-16T18:11:06.198Z","data":null,"correlationId":"b277a622-0638-486f-add7-b4faeeac20e2","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"6758d336-e687-50a2-8f77-638c62c84400","name":"soon","when":"2026-11-30T18:11:37.114Z","data":null,"correlationId":"ccf9c7fe-e343-4f33-823e-6fac85c9415c","causationId":"01a22da7-46e8-7091-9f04-3bf0aa71fa5c","depth":0}],"since":"2026-11-30T18:11:06.198Z"}', 6);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22da7-46e8-7091-9f04-3bf0aa71fa5c","log":"78d795bc-fa39-4f14-917d-80e864307a90","parked":[{"id":"01a22da7-4486-7056-af8d-fe6d18f282e2","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-11-30T18:11:06.872Z","waiting":0},{"id":"01a22da7-4533-746e-a345-c29489d1a276","type":"account.flagged","stream":"account-3","version":2,"position":11,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T18:11:06.785Z","waiting":0}]}', 17);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22da7-451e-7351-ad23-7c2351873534":{"reason":"a mistake","time":"2026-11-30T18:11:06.841Z"}}}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"e5e9d190-2a81-55c1-86fc-c0df21e14480","name":"later","when":"2035-02-16T18:11:06.670Z","data":null,"correlationId":"e3e439b3-b6de-468f-932e-193617639a32","causationId":"01a22da7-452c-710c-87be-a748a3887279","depth":0}],"since":"2026-11-30T18:11:06.670Z"}', 1);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a22da7-451e-7351-ad23-7c2351873534":{"reason":"a mistake","time":"2026-11-30T18:11:06.838Z"}}}', 2);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', '9b4e619e-5fd8-4a72-beba-0eba27188772');
INSERT INTO totals.about VALUES ('migration 1', '6fc412cf95e2b69c2e68765ad84aa50df59dc664b6bde17f8e15a025e36f55f5');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}]}', '', 4, '01a22da7-439d-7317-90db-55c3ef43e62b', 4, false, '78d795bc-fa39-4f14-917d-80e864307a90', '5b6e766c-de8d-40ec-9c2a-cf085cd45db4', '2026-11-30 18:11:06.300134+00');
INSERT INTO totals.live VALUES (true, 1);
INSERT INTO totals.rows_1 VALUES ('01a22da7-439d-7317-90db-55c3ef43e62b', 5);
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
