import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { randomUUID } from "node:crypto";
import type { ReadTable } from "../../../core/table/read-table.ts";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import { upTo } from "../../../testing/event-log/requests.ts";
import {
  all,
  at,
  committed,
  create,
  fieldsOf,
  fold,
  nameAndTotal,
  update,
} from "../../../testing/read-table/table-fixture.ts";
import { asked, found } from "../../../testing/read-table/queried-rows.ts";
import { eventually, refusal } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { sql } from "../../support/postgres-server.ts";

const tables: ReadTable[] = [];

async function open(url: string, name: string = randomUUID(), owner = ""): Promise<ReadTable> {
  const table = postgres(url).readTable!(name);
  tables.push(table);
  await table.open(fieldsOf(nameAndTotal), undefined, { owner });
  return table;
}

const rowTablesOf = async (url: string, name: string): Promise<string[]> =>
  (
    (await sql(
      url,
      `SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = '${name}' AND relkind = 'r' AND relname LIKE 'rows%' ORDER BY relname`,
    )) as { relname: string }[]
  ).map(({ relname }) => relname);

afterEach(async () => {
  for (const table of tables.splice(0)) await table.close();
});

describeWith("postgres", "A read table in PostgreSQL", (server) => {
  it("answers several questions of a transform at once", async () => {
    const script = fileURLToPath(new URL("./several-finds-process.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--throw-deprecation",
      "--conditions=moleculer-event-sourcing:source",
      script,
      server().url,
    ]);
    expect(JSON.parse(stdout)).toEqual([1, 1, 1]);
  });

  it("refuses a schema that is another table's", async () => {
    const adapter = postgres(server().url, { schema: randomUUID() });
    const one = adapter.readTable!("one");
    tables.push(one);
    await one.open(fieldsOf(nameAndTotal));
    const other = adapter.readTable!("other");
    expect(await refusal(() => other.open(fieldsOf(nameAndTotal)))).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringMatching(/found the table "one", expected "other": give each table a schema/) as string,
    });
    expect(await committed(one)).toEqual({});
  });

  it("reads the first rows of an order along the index of its field", async () => {
    const name = randomUUID();
    const table = postgres(server().url).readTable!(name);
    tables.push(table);
    await table.open(fieldsOf({ name: { type: "string", index: true }, total: { type: "integer", index: true } }));
    await fold(
      table,
      upTo(5000).map((n) => create(`${n}`, { name: `n${n}`, total: n })),
      1,
    );
    for (const field of ["id", "name", "total"])
      for (const descending of [false, true])
        await table.live().rows.find({ ...all, limit: 10, sort: [{ field, path: [], descending }] });
    const scans = () =>
      sql(
        server().url,
        `SELECT s.idx_scan::int, t.seq_tup_read::int FROM pg_stat_user_indexes s JOIN pg_stat_user_tables t USING (relid)
         WHERE s.schemaname = '${name}' AND s.relname LIKE 'rows%' ORDER BY s.indexrelname`,
      );
    // That of the ids also counts the ids that were looked for before they were inserted.
    await eventually(async () =>
      expect(await scans()).toEqual([
        { idx_scan: 2, seq_tup_read: 0 },
        { idx_scan: 5002, seq_tup_read: 0 },
        { idx_scan: 2, seq_tup_read: 0 },
      ]),
    );
  });

  it("keeps no more of a batch for one statement than the server takes in at once", async () => {
    const table = await open(server().url);
    const batch = await table.live().begin();
    const name = "x".repeat(100_000);
    const sent: Promise<void>[] = [];
    for (const n of upTo(100)) {
      const applied = batch.apply([update(`${n}`, { name, total: n })]);
      if (applied) sent.push(applied);
    }
    expect(sent.length).toBeGreaterThan(0);
    await Promise.all(sent);
    await batch.commit(at(1));
    expect(await committed(table)).toEqual(Object.fromEntries(upTo(100).map((n) => [n, { name, total: n }])));
  });

  it("refuses a batch of a host that does not know what another has folded, until it takes over", async () => {
    const name = randomUUID();
    const [one, other] = [await open(server().url, name), await open(server().url, name)];
    await fold(one, [create("1", { total: 1 })], 1);
    const error = await refusal(() => fold(other, [update("1", { total: 7 })], 1));
    expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    expect(error.message).toMatch(/generation 1 was folded by another host/);
    await other.takeOver();
    expect(await other.live().progress()).toEqual(at(1));
    await fold(other, [update("1", { total: 2 })], 2);
    expect(await committed(one)).toEqual({ 1: { total: 2 } });
    await refusal(() => fold(one, [update("1", { total: 7 })], 2));
    expect(await committed(one)).toEqual({ 1: { total: 2 } });
  });

  it("is taken from a host that stands still within a batch, whose batch writes nothing when it goes on", async () => {
    const name = randomUUID();
    const [frozen, next] = [await open(server().url, name), await open(server().url, name)];
    const batch = await frozen.live().begin();
    await batch.apply([create("1", { name: "frozen" })]);
    const taken = await next.live().begin();
    await taken.apply([create("1", { name: "next" })]);
    await taken.commit(at(1));
    expect(await refusal(() => batch.apply([create("2")]))).toMatchObject({ type: "STORE_UNAVAILABLE" });
    expect(await refusal(() => batch.commit(at(1)))).toMatchObject({ type: "STORE_UNAVAILABLE" });
    await batch.rollback();
    expect(await refusal(() => frozen.live().begin())).toMatchObject({ type: "STORE_UNAVAILABLE" });
    expect(await committed(frozen)).toEqual({ 1: { name: "next" } });
  });

  it("answers from the generation that another host has switched to, from the switch on", async () => {
    const name = randomUUID();
    const [one, other] = [await open(server().url, name), await open(server().url, name)];
    await fold(one, [create("1", { name: "old" })], 1);
    await other.live().progress();
    const before = other.live().rows;
    const next = await one.build(fieldsOf(nameAndTotal));
    const batch = await next.begin();
    await batch.apply([create("1", { name: "new" })]);
    await batch.commit(at(5));
    expect(await found(before, {})).toEqual(["1"]);
    await one.switchTo(next);
    expect(await before.find(asked({}))).toEqual([{ id: "1", name: "new", total: null }]);
    expect(await before.count(asked({}))).toBe(1);
    expect(await before.findByIds(["1"])).toEqual([{ id: "1", name: "new", total: null }]);
    expect(other.live().number).toBe(next.number);
    expect(await other.live().progress()).toEqual(at(5));
  });

  it("is switched once, where two hosts do it at the same time", async () => {
    const name = randomUUID();
    const [one, other] = [await open(server().url, name), await open(server().url, name)];
    const [ours, theirs] = [await one.build(fieldsOf(nameAndTotal)), await other.build(fieldsOf(nameAndTotal))];
    const answers = await Promise.allSettled([one.switchTo(ours), other.switchTo(theirs)]);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("leaves one table behind for its live generation, and none where one was dropped", async () => {
    const name = randomUUID();
    const table = await open(server().url, name);
    await table.drop(await table.build(fieldsOf(nameAndTotal)));
    await table.switchTo(await table.build(fieldsOf(nameAndTotal)));
    expect(await rowTablesOf(server().url, name)).toEqual([`rows_${table.live().number}`]);
  });

  it("keeps each owner's live generation, whatever its age, and no other of a dropped owner or of a crash", async () => {
    const name = randomUUID();
    const [one, other] = [await open(server().url, name, "a"), await open(server().url, name, `it's "b" \\`)];
    await other.switchTo(await other.build(fieldsOf(nameAndTotal)));
    await fold(other, [create("1")], 1);
    const kept = [`rows_${one.live().number}`, `rows_${other.live().number}`];
    for (const table of [one, other]) await table.build(fieldsOf(nameAndTotal));
    expect(await rowTablesOf(server().url, name)).toHaveLength(4);
    await sql(server().url, `UPDATE "${name}".generations SET touched = '2020-01-01'`);
    await open(server().url, name, "c");
    expect(await rowTablesOf(server().url, name)).toEqual(kept);
    expect([await committed(one), await committed(other)]).toEqual([{}, { 1: {} }]);
    await one.build(fieldsOf(nameAndTotal));
    await other.dropOwner("a");
    expect(await rowTablesOf(server().url, name)).toEqual([kept[1]]);
  });

  it("keeps a batch whose server is killed whole or not at all, and goes on when it is back", async () => {
    const table = await open(server().url);
    await fold(table, [create("1", { total: 1 })], 1);
    const batch = await table.live().begin();
    await batch.apply([update("1", { total: 2 }), create("2")]);
    await server().kill();
    expect(await refusal(() => batch.commit(at(2)))).toMatchObject({ type: "STORE_UNAVAILABLE" });
    await batch.rollback();
    expect(await refusal(() => committed(table))).toMatchObject({ type: "STORE_UNAVAILABLE" });
    await server().start();
    expect(await committed(table)).toEqual({ 1: { total: 1 } });
    await fold(table, [update("1", { total: 2 }), create("2")], 2);
    expect(await committed(table)).toEqual({ 1: { total: 2 }, 2: {} });
  });
});
