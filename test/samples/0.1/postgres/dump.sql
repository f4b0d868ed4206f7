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
INSERT INTO accounts.about VALUES ('identity', 'af08af17-8bba-4444-8c0d-43d9733dbf40');
INSERT INTO accounts.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '', '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}],"schemaVersions":{"account.opened":2},"functions":"e031e68961c3a3cb"}', '01a22e26-86a5-705e-afc9-6df8c36f7d08', 15, '01a22e26-875c-73da-9674-84292c3c1415', 15, false, '24e9dc4c-dd0d-45ef-abba-82dcc98b7d0b', '30afc9e9-b8f2-492b-9946-51c19dc94f87', '2026-11-30 20:30:06.695775+00');
INSERT INTO accounts.live OVERRIDING SYSTEM VALUE VALUES ('', 2, 3);
INSERT INTO accounts.parked VALUES (2, '01a22e26-85e2-7517-8c98-f040cf2172fb', 6, '{"$format":1,"id":"01a22e26-85e2-7517-8c98-f040cf2172fb","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:30:06.533Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22e26-8667-7095-aba3-2944fd1783b1', 12, '{"$format":1,"id":"01a22e26-8667-7095-aba3-2944fd1783b1","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:30:06.538Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', '24e9dc4c-dd0d-45ef-abba-82dcc98b7d0b');
INSERT INTO bank.about VALUES ('migration 1', '7b83c00e8475156430b5fc2691cf730c52991b56af06fee75b9bcca99e7ed153');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', 'f705dc5e853522679c5a4b938acf2f6658ae5958fcfb84987405e79aad2d73d4', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796070605991);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', '18a11909f068fcc01e18876e1f9e420b9167a03c4a17555b7016d688338d399a', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796070606049);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-11-30T20:30:06.069Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"a9db3c63-3562-492e-a437-34df413af3d0","causationId":"a9db3c63-3562-492e-a437-34df413af3d0","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22e26-851c-76d1-9a5d-8cfd4f4a1b97', 'account.opened', 'account-2', 1, '2026-11-30T20:30:06.134Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"f06b4530-d274-40c9-a7e9-4c4dfee29dfb","causationId":"f06b4530-d274-40c9-a7e9-4c4dfee29dfb","$command":{"id":"f06b4530-d274-40c9-a7e9-4c4dfee29dfb","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22e26-8545-7658-850b-538cbb087468', 'account.opened', 'account-old', 1, '2026-11-30T20:30:06.161Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"37dc6517-6131-4dcb-9136-1db58515c5bc","causationId":"37dc6517-6131-4dcb-9136-1db58515c5bc"}');
INSERT INTO bank.events VALUES (4, '01a22e26-856d-762d-bc4a-2e6f11f895f4', 'account.deposited', 'account-1', 2, '2026-11-30T20:30:06.195Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"d918550d-ff74-430c-9103-80c9ee143ab2","causationId":"d918550d-ff74-430c-9103-80c9ee143ab2","$command":{"id":"d918550d-ff74-430c-9103-80c9ee143ab2","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22e26-85d6-7528-8727-94dd5277c71e', 'account.closed', 'account-2', 2, '2026-11-30T20:30:06.296Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"3afeecaf-c9b6-4a05-bde2-e8d58b1c6095","causationId":"3afeecaf-c9b6-4a05-bde2-e8d58b1c6095","$command":{"id":"3afeecaf-c9b6-4a05-bde2-e8d58b1c6095","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22e26-85e2-7517-8c98-f040cf2172fb', 'account.flagged', 'account-old', 2, '2026-11-30T20:30:06.308Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"a287dec9-48cd-4811-ac1f-3d2e13a42c36","causationId":"a287dec9-48cd-4811-ac1f-3d2e13a42c36","$command":{"id":"a287dec9-48cd-4811-ac1f-3d2e13a42c36","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, '19284868-d41f-5c9d-8685-79363bd86aa4', 'account.reminded', 'account-old', 3, '2026-11-30T20:30:06.359Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"a287dec9-48cd-4811-ac1f-3d2e13a42c36","causationId":"01a22e26-85e2-7517-8c98-f040cf2172fb","$causationDepth":1,"$command":{"id":"8178387e-0a5f-5522-bb33-fab5ed48f694","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22e26-863f-7065-b6f7-c6e99d3c5b41', 'account.deposited', 'account-old', 4, '2026-11-30T20:30:06.401Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"12617cc1-0cfc-4c7a-bac7-0966b700f047","causationId":"12617cc1-0cfc-4c7a-bac7-0966b700f047","$command":{"id":"12617cc1-0cfc-4c7a-bac7-0966b700f047","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22e26-8646-710e-bac0-3ce7261a42a1', 'account.flagged', 'account-1', 3, '2026-11-30T20:30:06.414Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"bf60e9d1-d094-4a2b-8440-12987f05ba73","causationId":"bf60e9d1-d094-4a2b-8440-12987f05ba73","$command":{"id":"bf60e9d1-d094-4a2b-8440-12987f05ba73","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22e26-8658-75db-96ca-0cb3b2044e5a', 'account.opened', 'account-3', 1, '2026-11-30T20:30:06.434Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"4342284f-d687-4036-b066-52413604856c","causationId":"4342284f-d687-4036-b066-52413604856c","$command":{"id":"4342284f-d687-4036-b066-52413604856c","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, '629ac40e-2542-50eb-abac-7907ae6fc38b', 'account.reminded', 'account-1', 4, '2026-11-30T20:30:06.444Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"bf60e9d1-d094-4a2b-8440-12987f05ba73","causationId":"01a22e26-8646-710e-bac0-3ce7261a42a1","$causationDepth":1,"$command":{"id":"99b6ec6a-a078-5f47-97ad-950a426174e8","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (12, '01a22e26-8667-7095-aba3-2944fd1783b1', 'account.flagged', 'account-3', 2, '2026-11-30T20:30:06.444Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"62730d6e-67ab-4cbe-b44a-45ca04521876","causationId":"62730d6e-67ab-4cbe-b44a-45ca04521876","$command":{"id":"62730d6e-67ab-4cbe-b44a-45ca04521876","name":"account.flag"}}');
INSERT INTO bank.events VALUES (13, 'b02455f9-ac90-51b2-9427-6dc8a54c502c', '$snapshot.started', '$table-accounts', 1, '2026-11-30T20:30:06.568Z', '{"id":"01a22e26-86dc-74dc-82ed-83aeec9bc516","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"5df0c506-a3da-4972-8c39-b7b2c84c1ea4","causationId":"5df0c506-a3da-4972-8c39-b7b2c84c1ea4"}');
INSERT INTO bank.events VALUES (14, 'e6faf222-ca89-56ee-9256-db5b6b0068cd', '$snapshot.completed', '$table-accounts', 2, '2026-11-30T20:30:06.594Z', '{"id":"01a22e26-86dc-74dc-82ed-83aeec9bc516","table":"accounts","node":"sample","time":"2026-11-30T20:30:06.556Z","position":12,"rows":3,"checksum":"53c0903d0f545212de31dac888f0a9c9a7407018c533ceb783cc570f80e1a17d","definition":"55ea879be9a9d4ea657bdc2f2d239ec0d280cce32e1cb8769eb1098a1e3acf05","format":1,"bytes":2113,"durationMs":26,"log":"24e9dc4c-dd0d-45ef-abba-82dcc98b7d0b","reordered":false}', '{"schemaVersion":1,"correlationId":"be4c94a8-209c-45d5-8704-ac5e73e41cb1","causationId":"be4c94a8-209c-45d5-8704-ac5e73e41cb1"}');
INSERT INTO bank.events VALUES (15, '01a22e26-875c-73da-9674-84292c3c1415', 'account.deposited', 'account-1', 5, '2026-11-30T20:30:06.684Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"ab6dd69c-a149-41bf-a005-30b39a568341","causationId":"ab6dd69c-a149-41bf-a005-30b39a568341","$command":{"id":"ab6dd69c-a149-41bf-a005-30b39a568341","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-11-30T20:30:06.684Z', 1796070606259723);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '2f7533b0-3014-4015-b6fb-41e8ae4fc754', 3000);
INSERT INTO bank.leases VALUES ('table/totals', '', 1, 'e892f276-fee9-4ab0-bf34-ee98bd611b17', 3000);
INSERT INTO bank.leases VALUES ('table/accounts', '', 1, '940813ec-d6ce-4332-a391-a01a8f9748be', 3000);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, '9a10931c-0aa2-43aa-b018-da22841c00ab', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '811a9ec8-47e7-48db-9cfd-3a8cb234b5b6', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22e26-875c-73da-9674-84292c3c1415","log":"24e9dc4c-dd0d-45ef-abba-82dcc98b7d0b","parked":[{"id":"01a22e26-85e2-7517-8c98-f040cf2172fb","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-11-30T20:30:06.495Z","waiting":0},{"id":"01a22e26-8667-7095-aba3-2944fd1783b1","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:30:06.455Z","waiting":0}]}', 17);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":8,"time":"2026-11-30T20:30:06.401Z","eventId":"01a22e26-863f-7065-b6f7-c6e99d3c5b41","state":{"balance":3},"checksum":"97951eaecfb57b84e9f5aea60787a2666c56f1540f986619e9e6ef0f9c6fd76b"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"e79a542b-07aa-5ef7-b302-1f680bc2100b","name":"later","when":"2035-02-16T20:30:06.161Z","data":null,"correlationId":"37dc6517-6131-4dcb-9136-1db58515c5bc","causationId":"01a22e26-8545-7658-850b-538cbb087468","depth":0}],"since":"2026-11-30T20:30:06.161Z","known":{"of":"01a22e26-85e2-7517-8c98-f040cf2172fb","refusals":{"553e2b83-8b28-52bf-8673-6cc5ea868f73":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422,"hash":"1:15cbefe09f716956dad85bc39f1def7396c17b5c22a3b0e7253b4b21b03214a9"}}},"parked":{"id":"01a22e26-85e2-7517-8c98-f040cf2172fb","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:30:06.382Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":11,"time":"2026-11-30T20:30:06.444Z","eventId":"629ac40e-2542-50eb-abac-7907ae6fc38b","state":{"balance":5},"checksum":"d95e630b21b50a3508e92145ef556c7249a0b316667273b4d15e1581a719262b"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"1062a53d-304a-53d2-b749-0e6302ee61c8","name":"later","when":"2035-02-16T20:30:06.434Z","data":null,"correlationId":"4342284f-d687-4036-b066-52413604856c","causationId":"01a22e26-8658-75db-96ca-0cb3b2044e5a","depth":0}],"since":"2026-11-30T20:30:06.434Z"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22e26-8667-7095-aba3-2944fd1783b1', '{"$format":1,"id":"01a22e26-8667-7095-aba3-2944fd1783b1","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:30:06.454Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-16T20:30:06.069Z","data":null,"correlationId":"a9db3c63-3562-492e-a437-34df413af3d0","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"79ae403c-d24f-5a01-8de3-02ad541bd517","name":"soon","when":"2026-11-30T20:30:36.684Z","data":null,"correlationId":"ab6dd69c-a149-41bf-a005-30b39a568341","causationId":"01a22e26-875c-73da-9674-84292c3c1415","depth":0}],"since":"2026-11-30T20:30:06.069Z"}', 6);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":5,"time":"2026-11-30T20:30:06.296Z","eventId":"01a22e26-85d6-7528-8727-94dd5277c71e","state":{"balance":0},"checksum":"35a958a562eb20d66059ad8b5b0c4d31ccae983f5cb12cc35173b3892fe10804"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22e26-875c-73da-9674-84292c3c1415","log":"24e9dc4c-dd0d-45ef-abba-82dcc98b7d0b","parked":[{"id":"01a22e26-85e2-7517-8c98-f040cf2172fb","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:30:06.382Z","process":"old","kind":"event"},{"id":"01a22e26-8667-7095-aba3-2944fd1783b1","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-11-30T20:30:06.454Z","process":"","kind":"event"}]}', 15);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":12,"time":"2026-11-30T20:30:06.444Z","eventId":"01a22e26-8667-7095-aba3-2944fd1783b1","state":{"balance":0},"checksum":"b7ca0bdf977a31153e71f5c05deab3b6de380c591ae67bfac1f32b4a41dad207"}', 1);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22e26-8646-710e-bac0-3ce7261a42a1":{"reason":"a mistake","time":"2026-11-30T20:30:06.466Z"}},"build":{"id":"01a22e26-86a5-705e-afc9-6df8c36f7d08","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 2);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22e26-8646-710e-bac0-3ce7261a42a1":{"reason":"a mistake","time":"2026-11-30T20:30:06.478Z"}}}', 2);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a22e26-8646-710e-bac0-3ce7261a42a1":{"reason":"a mistake","time":"2026-11-30T20:30:06.472Z"}}}', 2);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', '0f142e84-550c-4404-b72b-8c50fdc6e05a');
INSERT INTO totals.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '', '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}],"functions":"f5fe4ebd54b323c2"}', '', 4, '01a22e26-856d-762d-bc4a-2e6f11f895f4', 4, false, '24e9dc4c-dd0d-45ef-abba-82dcc98b7d0b', '60d175c9-81e3-4b91-b27c-7d44f30cd7da', '2026-11-30 20:30:06.213494+00');
INSERT INTO totals.live OVERRIDING SYSTEM VALUE VALUES ('', 1, 1);
INSERT INTO totals.rows_1 VALUES ('01a22e26-856d-762d-bc4a-2e6f11f895f4', 5);
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
