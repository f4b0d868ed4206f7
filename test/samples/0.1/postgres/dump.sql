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
INSERT INTO accounts.about VALUES ('identity', '60c7c276-f70b-4fca-b7b2-12fe54e1d7c3');
INSERT INTO accounts.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO accounts.about VALUES ('version', '1');
INSERT INTO accounts.about VALUES ('table', 'accounts');
INSERT INTO accounts.generations OVERRIDING SYSTEM VALUE VALUES (2, '55ea879be9a9d4ea', '[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"owner","type":"string","index":true,"unique":false,"required":false},{"name":"country","type":"string","index":false,"unique":false,"required":false},{"name":"balance","type":"integer","index":false,"unique":false,"required":false},{"name":"isFlagged","type":"boolean","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.opened","operation":"create","transform":"function"},{"pattern":"account.deposited","operation":"update","transform":"function"},{"pattern":"account.flagged","operation":"update","transform":"function"},{"pattern":"account.closed","operation":"remove","transform":"function"}],"schemaVersions":{"account.opened":2},"functions":"e031e68961c3a3cb"}', '01a22f3a-bd4b-76af-b06e-54d615a2d7ba', 15, '01a22f3a-bd8f-7668-92ea-604c5e6fd76c', 15, false, '4644af18-ea5c-4eb1-bf0a-1ecb1fd2f027', 'd7f297ef-3d2c-4216-a4fa-7e4910cf5f6a', '2026-12-01 01:31:48.506435+00');
INSERT INTO accounts.live OVERRIDING SYSTEM VALUE VALUES ('55ea879be9a9d4ea', 2, 3);
INSERT INTO accounts.parked VALUES (2, '01a22f3a-bcd0-72e1-be9d-4df9c68bbc17', 6, '{"$format":1,"id":"01a22f3a-bcd0-72e1-be9d-4df9c68bbc17","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T01:31:48.441Z","waiting":1}');
INSERT INTO accounts.parked VALUES (2, '01a22f3a-bd16-7481-8542-e0cd1722ff96', 12, '{"$format":1,"id":"01a22f3a-bd16-7481-8542-e0cd1722ff96","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T01:31:48.445Z","waiting":0}');
INSERT INTO accounts.rows_2 VALUES ('old', 'Old', 'FR', 0, false);
INSERT INTO accounts.rows_2 VALUES ('3', 'Cem', 'IT', 0, false);
INSERT INTO accounts.rows_2 VALUES ('1', 'Ann', 'IT', 12, false);
INSERT INTO bank.about VALUES ('purpose', 'moleculer-event-sourcing log');
INSERT INTO bank.about VALUES ('identity', '4644af18-ea5c-4eb1-bf0a-1ecb1fd2f027');
INSERT INTO bank.about VALUES ('migration 1', '77fcc61bee5799fd94098182261198ab4036190401b8682e3591063fa6ab4fab');
INSERT INTO bank.about VALUES ('version', '1');
INSERT INTO bank.claim_scopes VALUES ('1 account/email', 'f705dc5e853522679c5a4b938acf2f6658ae5958fcfb84987405e79aad2d73d4', '["account.opened","account.closed"]', 3, 3, 'account/email', 1796088708150);
INSERT INTO bank.claim_scopes VALUES ('1 account/phone', '18a11909f068fcc01e18876e1f9e420b9167a03c4a17555b7016d688338d399a', '["account.opened","account.closed"]', 3, 3, 'account/phone', 1796088708173);
INSERT INTO bank.claims VALUES ('1 account/email', 'ann@example.org', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/phone', '1', 'account-1');
INSERT INTO bank.claims VALUES ('1 account/email', 'old@example.org', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/phone', '3', 'account-old');
INSERT INTO bank.claims VALUES ('1 account/email', 'cem@example.org', 'account-3');
INSERT INTO bank.claims VALUES ('1 account/phone', '5', 'account-3');
INSERT INTO bank.events VALUES (1, '52b807c0-5f92-5323-b531-a407cb281c8f', 'account.opened', 'account-1', 1, '2026-12-01T01:31:48.199Z', '{"owner":"Ann","email":"ann@example.org","phone":"1","country":"IT"}', '{"schemaVersion":2,"correlationId":"5e0638e8-1a10-4724-ac9b-8a7a2f586749","causationId":"5e0638e8-1a10-4724-ac9b-8a7a2f586749","$command":{"id":"open 1","name":"account.open","hash":"1:8c27a93b11a24550b26bfc64de9f0e16d7165ab637a352f03477ff5d225e407c"}}');
INSERT INTO bank.events VALUES (2, '01a22f3a-bc75-7131-9121-45a717c2dfbd', 'account.opened', 'account-2', 1, '2026-12-01T01:31:48.219Z', '{"owner":"Bea","email":"bea@example.org","phone":"2","country":"IT"}', '{"schemaVersion":2,"correlationId":"8306d30a-aa43-4f3b-ad73-ed8758872610","causationId":"8306d30a-aa43-4f3b-ad73-ed8758872610","$command":{"id":"8306d30a-aa43-4f3b-ad73-ed8758872610","name":"account.open"}}');
INSERT INTO bank.events VALUES (3, '01a22f3a-bc7e-74a8-bc4a-35e8513efd48', 'account.opened', 'account-old', 1, '2026-12-01T01:31:48.229Z', '{"owner":"Old","email":"old@example.org","phone":"3"}', '{"schemaVersion":1,"correlationId":"71284a35-a130-408f-b492-1be00044b46f","causationId":"71284a35-a130-408f-b492-1be00044b46f"}');
INSERT INTO bank.events VALUES (4, '01a22f3a-bc93-7577-bf35-8be7c9f55e89', 'account.deposited', 'account-1', 2, '2026-12-01T01:31:48.250Z', '{"amount":5}', '{"schemaVersion":1,"correlationId":"d40036f7-2b23-4179-b7ce-28d5cbaf3749","causationId":"d40036f7-2b23-4179-b7ce-28d5cbaf3749","$command":{"id":"d40036f7-2b23-4179-b7ce-28d5cbaf3749","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (5, '01a22f3a-bcc5-7240-9130-067a53227584', 'account.closed', 'account-2', 2, '2026-12-01T01:31:48.296Z', '{"reason":"moved"}', '{"schemaVersion":1,"correlationId":"2af9c706-4ff5-478b-a09f-9f5d91b4e69f","causationId":"2af9c706-4ff5-478b-a09f-9f5d91b4e69f","$command":{"id":"2af9c706-4ff5-478b-a09f-9f5d91b4e69f","name":"account.close"}}');
INSERT INTO bank.events VALUES (6, '01a22f3a-bcd0-72e1-be9d-4df9c68bbc17', 'account.flagged', 'account-old', 2, '2026-12-01T01:31:48.307Z', '{"why":"unknown address"}', '{"schemaVersion":1,"correlationId":"6ccfdf8b-c662-44dc-969b-addc9e08ea4f","causationId":"6ccfdf8b-c662-44dc-969b-addc9e08ea4f","$command":{"id":"6ccfdf8b-c662-44dc-969b-addc9e08ea4f","name":"account.flag"}}');
INSERT INTO bank.events VALUES (7, '4c6fdc81-3127-5496-9b3b-e986e4916f3a', 'account.reminded', 'account-old', 3, '2026-12-01T01:31:48.331Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"6ccfdf8b-c662-44dc-969b-addc9e08ea4f","causationId":"01a22f3a-bcd0-72e1-be9d-4df9c68bbc17","$causationDepth":1,"$command":{"id":"ab95b961-9a52-50b8-b260-613ebf5a4142","name":"account.remind","hash":"1:399339c2a4812c8a6617301ca3f229f7dfa71436a471364a96b74f2f0e616fb8"}}');
INSERT INTO bank.events VALUES (8, '01a22f3a-bcfa-775f-a382-6a0c36cc0541', 'account.deposited', 'account-old', 4, '2026-12-01T01:31:48.349Z', '{"amount":3}', '{"schemaVersion":1,"correlationId":"42a7df9d-eafc-414d-8f1a-3898342e77cf","causationId":"42a7df9d-eafc-414d-8f1a-3898342e77cf","$command":{"id":"42a7df9d-eafc-414d-8f1a-3898342e77cf","name":"account.deposit"}}');
INSERT INTO bank.events VALUES (9, '01a22f3a-bcff-736e-bf78-9a29876f8100', 'account.flagged', 'account-1', 3, '2026-12-01T01:31:48.352Z', '{"why":"by mistake"}', '{"schemaVersion":1,"correlationId":"845e3677-354c-4327-8cc2-6316673ffd82","causationId":"845e3677-354c-4327-8cc2-6316673ffd82","$command":{"id":"845e3677-354c-4327-8cc2-6316673ffd82","name":"account.flag"}}');
INSERT INTO bank.events VALUES (10, '01a22f3a-bd0a-7435-bf56-cc4d480b7797', 'account.opened', 'account-3', 1, '2026-12-01T01:31:48.368Z', '{"owner":"Cem","email":"cem@example.org","phone":"5","country":"IT"}', '{"schemaVersion":2,"correlationId":"8ade7262-e6eb-4c8c-9029-7b06376a5196","causationId":"8ade7262-e6eb-4c8c-9029-7b06376a5196","$command":{"id":"8ade7262-e6eb-4c8c-9029-7b06376a5196","name":"account.open"}}');
INSERT INTO bank.events VALUES (11, '8c5b8961-451c-58e8-b0e5-7b48d97b6628', 'account.reminded', 'account-1', 4, '2026-12-01T01:31:48.380Z', '{"of":"refusal"}', '{"schemaVersion":1,"correlationId":"845e3677-354c-4327-8cc2-6316673ffd82","causationId":"01a22f3a-bcff-736e-bf78-9a29876f8100","$causationDepth":1,"$command":{"id":"d14a188e-a3ba-5bb0-bfb3-bfbcf2c7a46b","name":"account.remind","hash":"1:e424081fb811a7a3a40eabf714faf13a4beaa085a14fbb7b189e2e873bacf94d"}}');
INSERT INTO bank.events VALUES (12, '01a22f3a-bd16-7481-8542-e0cd1722ff96', 'account.flagged', 'account-3', 2, '2026-12-01T01:31:48.380Z', '{"why":""}', '{"schemaVersion":1,"correlationId":"9ce27b88-bcea-4332-9194-9ff3596e5fec","causationId":"9ce27b88-bcea-4332-9194-9ff3596e5fec","$command":{"id":"9ce27b88-bcea-4332-9194-9ff3596e5fec","name":"account.flag"}}');
INSERT INTO bank.events VALUES (13, '576a300b-c845-54ce-b828-e5e46f947cc9', '$snapshot.started', '$table-accounts', 1, '2026-12-01T01:31:48.461Z', '{"id":"01a22f3a-bd65-760f-bb56-45bd811ffbdb","table":"accounts","node":"sample"}', '{"schemaVersion":1,"correlationId":"f41585c0-1fd0-4391-960c-7f3a675ebc9f","causationId":"f41585c0-1fd0-4391-960c-7f3a675ebc9f"}');
INSERT INTO bank.events VALUES (14, '546cec3e-ff85-5ba8-9b76-7f5e1e87fb98', '$snapshot.completed', '$table-accounts', 2, '2026-12-01T01:31:48.481Z', '{"id":"01a22f3a-bd65-760f-bb56-45bd811ffbdb","table":"accounts","node":"sample","time":"2026-12-01T01:31:48.453Z","position":12,"rows":3,"checksum":"3f8bcdb191a7319b510d7cb54949283d56ce70cf8b6343b50279aae6a0e9502e","definition":"55ea879be9a9d4ea657bdc2f2d239ec0d280cce32e1cb8769eb1098a1e3acf05","format":1,"bytes":2113,"durationMs":21,"log":"4644af18-ea5c-4eb1-bf0a-1ecb1fd2f027","reordered":false}', '{"schemaVersion":1,"correlationId":"33c5a21d-d09c-4057-9d22-f5440287e992","causationId":"33c5a21d-d09c-4057-9d22-f5440287e992"}');
INSERT INTO bank.events VALUES (15, '01a22f3a-bd8f-7668-92ea-604c5e6fd76c', 'account.deposited', 'account-1', 5, '2026-12-01T01:31:48.496Z', '{"amount":7}', '{"schemaVersion":1,"correlationId":"62da6eb1-063c-4cb7-a786-ab327f165fc5","causationId":"62da6eb1-063c-4cb7-a786-ab327f165fc5","$command":{"id":"62da6eb1-063c-4cb7-a786-ab327f165fc5","name":"account.deposit"}}');
INSERT INTO bank.head VALUES (true, 15, '2026-12-01T01:31:48.496Z', 1796088708291808);
INSERT INTO bank.leases VALUES ('table/totals/4fa411072fecc198', '', 1, '7d4dda3d-4443-4f28-8f4e-9a807f016253', 3000);
INSERT INTO bank.leases VALUES ('subscription/watch', '', 1, '17beb1fc-ab71-4bb5-836e-1ea249696678', 3000);
INSERT INTO bank.leases VALUES ('process-manager/care', '', 1, '788706ff-4cbe-4c13-911d-76485683290a', 3000);
INSERT INTO bank.leases VALUES ('pump', '', 1, '5f4a28e7-fae6-4405-b1c7-60678e95e1ec', 3000);
INSERT INTO bank.leases VALUES ('table/accounts/55ea879be9a9d4ea', '', 1, 'eda0575f-789c-456c-af11-ecda56e350f6', 3000);
INSERT INTO bank.links VALUES ('vip', 1, 3);
INSERT INTO bank.state VALUES ('pump', '{"$format":1,"position":14}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-old', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":8,"time":"2026-12-01T01:31:48.349Z","eventId":"01a22f3a-bcfa-775f-a382-6a0c36cc0541","state":{"balance":3},"checksum":"b2d89fb07ee84f935690dbba5fe9e1d9a02874efc099b498dc9801474265c225"}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/old', '{"$format":1,"state":{"deposits":0},"position":8,"deadlines":[{"id":"3ef098cc-76ce-5ef9-ac0f-987a994b5248","name":"later","when":"2035-02-17T01:31:48.229Z","data":null,"correlationId":"71284a35-a130-408f-b492-1be00044b46f","causationId":"01a22f3a-bc7e-74a8-bc4a-35e8513efd48","depth":0}],"since":"2026-12-01T01:31:48.229Z","known":{"of":"01a22f3a-bcd0-72e1-be9d-4df9c68bbc17","refusals":{"c38b7ca6-9add-5344-9488-629977c248ef":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422,"hash":"1:15cbefe09f716956dad85bc39f1def7396c17b5c22a3b0e7253b4b21b03214a9"}}},"parked":{"id":"01a22f3a-bcd0-72e1-be9d-4df9c68bbc17","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T01:31:48.332Z","process":"old","kind":"event"},"waiting":{"from":8,"count":1}}', 4);
INSERT INTO bank.state VALUES ('snapshot/account/account-1', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":4,"position":11,"time":"2026-12-01T01:31:48.380Z","eventId":"8c5b8961-451c-58e8-b0e5-7b48d97b6628","state":{"balance":5},"checksum":"942fdfb15206b5853a803fc3b95d29c6c84540d91ce8b27873b68a797ade043b"}', 2);
INSERT INTO bank.state VALUES ('snapshot/account/account-3', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":12,"time":"2026-12-01T01:31:48.380Z","eventId":"01a22f3a-bd16-7481-8542-e0cd1722ff96","state":{"balance":0},"checksum":"0147f07783737561bfbbd4bd3ad3fbfb47380b110cc63aff14012c42f3533c4c"}', 1);
INSERT INTO bank.state VALUES ('control/subscription/watch', '{"$format":1,"paused":false,"resumed":0,"retries":[{"stream":"account-old","number":1}],"skipped":{"01a22f3a-bcff-736e-bf78-9a29876f8100":{"reason":"a mistake","time":"2026-12-01T01:31:48.410Z"}}}', 2);
INSERT INTO bank.state VALUES ('control/table/totals', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('snapshot/account/account-2', '{"$format":1,"definition":"version 1, schemas e1dacce36e3369bb27d72ce47b7833363045caf85d4d8177822e38463e932083","version":2,"position":5,"time":"2026-12-01T01:31:48.296Z","eventId":"01a22f3a-bcc5-7240-9130-067a53227584","state":{"balance":0},"checksum":"5933655b0f5f3bc8292d2dbd8365fb0f080c0744e0ddafe9b60abcb0fed2e597"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/3', '{"$format":1,"state":{"deposits":0},"position":10,"deadlines":[{"id":"43fc4c0e-9f3f-52c4-8fae-033b1b909565","name":"later","when":"2035-02-17T01:31:48.368Z","data":null,"correlationId":"8ade7262-e6eb-4c8c-9029-7b06376a5196","causationId":"01a22f3a-bd0a-7435-bf56-cc4d480b7797","depth":0}],"since":"2026-12-01T01:31:48.368Z"}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care/ended/2', '{"$format":1,"position":5}', 1);
INSERT INTO bank.state VALUES ('control/table/accounts', '{"$format":1,"paused":false,"resumed":0,"retries":[],"skipped":{"01a22f3a-bcff-736e-bf78-9a29876f8100":{"reason":"a mistake","time":"2026-12-01T01:31:48.406Z"}},"build":{"id":"01a22f3a-bd4b-76af-b06e-54d615a2d7ba","kind":"rebuild","wasPaused":false}}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/process/1', '{"$format":1,"state":{"deposits":2},"position":15,"deadlines":[{"id":"454ee471-9c4a-51a0-b2cf-30f9920f6e85","name":"later","when":"2035-02-17T01:31:48.199Z","data":null,"correlationId":"5e0638e8-1a10-4724-ac9b-8a7a2f586749","causationId":"52b807c0-5f92-5323-b531-a407cb281c8f","depth":0},{"id":"89a58ff3-806b-5204-9c48-10a074a25187","name":"soon","when":"2026-12-01T01:32:18.496Z","data":null,"correlationId":"62da6eb1-063c-4cb7-a786-ab327f165fc5","causationId":"01a22f3a-bd8f-7668-92ea-604c5e6fd76c","depth":0}],"since":"2026-12-01T01:31:48.199Z"}', 6);
INSERT INTO bank.state VALUES ('control/pump', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{}}', 1);
INSERT INTO bank.state VALUES ('state/process-manager/care', '{"$format":1,"position":15,"positionId":"01a22f3a-bd8f-7668-92ea-604c5e6fd76c","log":"4644af18-ea5c-4eb1-bf0a-1ecb1fd2f027","parked":[{"id":"01a22f3a-bcd0-72e1-be9d-4df9c68bbc17","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T01:31:48.332Z","process":"old","kind":"event"},{"id":"01a22f3a-bd16-7481-8542-e0cd1722ff96","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T01:31:48.392Z","process":"","kind":"event"}]}', 15);
INSERT INTO bank.state VALUES ('control/process-manager/care', '{"$format":1,"paused":true,"resumed":0,"retries":[],"skipped":{"01a22f3a-bcff-736e-bf78-9a29876f8100":{"reason":"a mistake","time":"2026-12-01T01:31:48.414Z"}}}', 2);
INSERT INTO bank.state VALUES ('state/process-manager/care/lost/01a22f3a-bd16-7481-8542-e0cd1722ff96', '{"$format":1,"id":"01a22f3a-bd16-7481-8542-e0cd1722ff96","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T01:31:48.392Z","process":"","kind":"event"}', 1);
INSERT INTO bank.state VALUES ('state/subscription/watch', '{"$format":1,"position":15,"positionId":"01a22f3a-bd8f-7668-92ea-604c5e6fd76c","log":"4644af18-ea5c-4eb1-bf0a-1ecb1fd2f027","parked":[{"id":"01a22f3a-bcd0-72e1-be9d-4df9c68bbc17","type":"account.flagged","stream":"account-old","version":2,"position":6,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":2,"parkedAt":"2026-12-01T01:31:48.424Z","waiting":0},{"id":"01a22f3a-bd16-7481-8542-e0cd1722ff96","type":"account.flagged","stream":"account-3","version":2,"position":12,"error":{"name":"MoleculerClientError","message":"flagged accounts cannot be handled yet","type":"FLAGGED","code":422},"attempts":1,"parkedAt":"2026-12-01T01:31:48.389Z","waiting":0}]}', 16);
INSERT INTO totals.about VALUES ('purpose', 'moleculer-event-sourcing table');
INSERT INTO totals.about VALUES ('identity', '5127645f-ca39-427e-b500-a4da7baae081');
INSERT INTO totals.about VALUES ('migration 1', '5821fac97591b406b04245bff685d2e9fdfe9747efa9268e3c21c4edaa52a230');
INSERT INTO totals.about VALUES ('version', '1');
INSERT INTO totals.about VALUES ('table', 'totals');
INSERT INTO totals.generations OVERRIDING SYSTEM VALUE VALUES (1, '4fa411072fecc198', '[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}]', '{"definitionVersion":1,"fields":[{"name":"amount","type":"integer","index":false,"unique":false,"required":false}],"mappings":[{"pattern":"account.deposited","operation":"create","transform":"function"}],"functions":"f5fe4ebd54b323c2"}', '', 4, '01a22f3a-bc93-7577-bf35-8be7c9f55e89', 4, false, '4644af18-ea5c-4eb1-bf0a-1ecb1fd2f027', 'd71410b3-1979-4b38-85cb-f31302216603', '2026-12-01 01:31:48.265161+00');
INSERT INTO totals.live OVERRIDING SYSTEM VALUE VALUES ('4fa411072fecc198', 1, 1);
INSERT INTO totals.rows_1 VALUES ('01a22f3a-bc93-7577-bf35-8be7c9f55e89', 5);
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
