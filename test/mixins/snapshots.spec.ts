import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { MemoryReadTable } from "../../adapters/memory/read-table.ts";
import { MemoryStorage } from "../../adapters/memory/storage.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { definitionHash, describeDefinition } from "../../core/rows/definition.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { FieldsInput } from "../../core/rows/fields.ts";
import type { Origin, ReadTable } from "../../core/table/read-table.ts";
import type { CompleteSnapshot, Manifest } from "../../mixins/aggregate/snapshots/manifest.ts";
import type { LogPlace } from "../../mixins/aggregate/snapshots/fit.ts";
import { SnapshotFolder } from "../../mixins/aggregate/snapshots/folder.ts";
import { Snapshots } from "../../mixins/aggregate/snapshots/snapshots.ts";
import { at, committed, create, fieldsOf, parked, seen, update } from "../../testing/read-table/table-fixture.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";

interface Recorded {
  type: string;
  payload: { id: string };
}

const small: FieldsInput = { name: "string", total: "integer" };
const definitionOf = (fields: FieldsInput) =>
  describeDefinition({
    fields: fieldsOf(fields),
    schemaVersions: [],
    mappings: [{ pattern: "thing.**", operation: "update", transform: "thing.fold" }],
  });
const now = () => new Date().toISOString();
const unknownId = "01890000-0000-7000-8000-000000000000";

describe.each(["sqlite", "memory"])("Snapshots of a table [%s]", (engine) => {
  let home: string;
  let folder: string;
  let table: ReadTable;
  let history: Map<string, Recorded>;
  let warnings: string[];
  let log: LogPlace;
  let isStoreAway: boolean;
  let asked = 0;

  beforeEach(async () => {
    home = newFolder();
    folder = join(home, "snapshots");
    history = new Map();
    warnings = [];
    log = { log: "log-1", head: 20, afterId: "e9" };
    isStoreAway = false;
    table =
      engine === "sqlite"
        ? new SqliteReadTable(join(home, "things.db"))
        : new MemoryReadTable(new MemoryStorage("things"));
    await openWith(small);
  });

  afterEach(async () => {
    await table.close();
    await cleanUp();
  });

  async function openWith(fields: FieldsInput, origin: Origin = { definition: definitionOf(fields), requestId: "" }) {
    await table.open(fieldsOf(fields), origin);
    const batch = await table.live().begin();
    await batch.apply([create("1", { name: "one", total: 1 }), create("2", { name: "two", total: 2 })]);
    await batch.park(parked("e3", 3));
    await batch.commit(at(9, { positionId: "e9", reordered: true, folded: 7 }));
  }

  function snapshotsOf(fields = small, more: { aggregate?: string; keep?: number; folder?: string } = {}): Snapshots {
    return new Snapshots({
      aggregate: "things",
      node: "node-1",
      folder,
      keep: null,
      whyNone: "",
      table,
      fields: fieldsOf(fields),
      definition: definitionOf(fields),
      logAfter: async () => log,
      async record(type, payload, id) {
        asked++;
        if (isStoreAway) throw new StoreUnavailableError("events", "its service is not there (yet)");
        const known = history.get(id);
        if (known) expect(known).toEqual({ type, payload });
        history.set(id, structuredClone({ type, payload: payload as Recorded["payload"] }));
      },
      warn: (message) => warnings.push(message),
      ...more,
    });
  }

  /** The snapshots as a process finds them after another was killed. */
  async function afterKill(): Promise<Snapshots> {
    const snapshots = snapshotsOf();
    await snapshots.start();
    return snapshots;
  }

  const typesOf = (id: string) =>
    [...history.values()].flatMap(({ type, payload }) => (payload.id === id ? [type] : []));
  const files = () =>
    engine === "sqlite" ? readdirSync(join(home, "things")).filter((name) => name.endsWith(".db")) : [];
  const setTotal = async (total: number) => {
    const batch = await table.live().begin();
    await batch.apply([update("1", { total })]);
    await batch.commit(at(9, { positionId: "e9" }));
  };

  it("say what they hold, and are in the history from beginning to end", async () => {
    const manifest = await snapshotsOf().take();
    expect(manifest).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      table: "things",
      node: "node-1",
      position: 9,
      rows: 2,
      checksum: expect.stringMatching(/^[\da-f]{64}$/),
      definition: definitionHash(definitionOf(small)),
      format: 1,
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      bytes: expect.any(Number),
      durationMs: expect.any(Number),
      log: "log-1",
      reordered: true,
    });
    const { id, table, node } = manifest;
    expect([...history.values()]).toEqual([
      { type: "$snapshot.started", payload: { id, table, node } },
      { type: "$snapshot.completed", payload: manifest },
    ]);
    expect(await snapshotsOf().list()).toEqual([manifest]);
    expect(await snapshotsOf().find(id)).toEqual(manifest);
    expect(await snapshotsOf().prove(id)).toEqual(manifest);
    expect(warnings).toEqual([]);
  });

  it("are restored beside the live table, as they were", async () => {
    const { id } = await snapshotsOf().take();
    await setTotal(100);
    const restored = await snapshotsOf().restore(id, "order-1");
    expect(await seen(restored.rows)).toEqual({ 1: { name: "one", total: 1 }, 2: { name: "two", total: 2 } });
    expect(restored.origin).toEqual({ definition: definitionOf(small), requestId: "order-1" });
    expect(await restored.progress()).toEqual(at(9, { positionId: "e9", reordered: true, folded: 7 }));
    expect(await restored.parked()).toEqual([parked("e3", 3)]);
    expect((await committed(table))["1"]).toEqual({ name: "one", total: 100 });
    await table.switchTo(restored);
    expect((await committed(table))["1"]).toEqual({ name: "one", total: 1 });
  });

  it("taken at the same time are taken one after the other", async () => {
    const snapshots = snapshotsOf();
    const taken = await Promise.all([snapshots.take(), snapshots.take(), snapshots.take()]);
    expect(await snapshots.list()).toEqual(taken);
    expect([...history.values()].map(({ type, payload }) => [type, payload.id])).toEqual(
      taken.flatMap(({ id }) => [
        ["$snapshot.started", id],
        ["$snapshot.completed", id],
      ]),
    );
  });

  it("are kept as many as was said, by the option or by the call", async () => {
    const snapshots = snapshotsOf(small, { keep: 2 });
    const taken: Manifest[] = [];
    for (let n = 0; n < 4; n++) taken.push(await snapshots.take());
    expect(await snapshots.list()).toEqual(taken.slice(2));
    taken.push(await snapshots.take({ keep: 5 }));
    expect(await snapshots.list()).toEqual(taken.slice(2));
    const last = await snapshots.take({ keep: 1 });
    expect(await snapshots.list()).toEqual([last]);
    expect(readdirSync(folder)).toEqual([last.id]);
  });

  describe("asked for by an id", () => {
    it("that is none of theirs are unknown, and nothing outside their folder is looked at", async () => {
      const { id } = await snapshotsOf().take();
      renameSync(join(folder, id), join(home, id));
      symlinkSync(join(home, id), join(folder, id));
      writeFileSync(join(folder, "01890000-0000-7000-8000-000000000001"), "a file");
      const strange = [`../${id}`, join(home, id), id, `${id}/../${id}`, id.toUpperCase(), "", ".", "..", unknownId];
      for (const name of [...strange, "01890000-0000-7000-8000-000000000001", "x\0", 7 as unknown as string]) {
        const error = await refusal(() => snapshotsOf().find(name));
        expect(error).toMatchObject({ type: "UNKNOWN_SNAPSHOT", code: 404, data: { table: "things", id: name } });
        await expect(snapshotsOf().prove(name, { force: true })).rejects.toMatchObject({ type: "UNKNOWN_SNAPSHOT" });
        await expect(snapshotsOf().restore(name, "")).rejects.toMatchObject({ type: "UNKNOWN_SNAPSHOT" });
      }
      await snapshotsOf(small, { keep: 1 }).take();
      await afterKill();
      expect(readdirSync(join(home, id)).toSorted()).toEqual(["manifest.json", "recorded", "table"]);
      expect(existsSync(join(folder, id))).toBe(true);
    });

    it("of another table are refused, also by force", async () => {
      const { id } = await snapshotsOf().take();
      const other = snapshotsOf(small, { aggregate: "people" });
      for (const force of [false, true])
        expect(await refusal(() => other.prove(id, { force }))).toMatchObject({
          type: "SNAPSHOT_MISMATCH",
          code: 409,
          data: { id, field: "table", actual: "things", expected: "people" },
        });
      expect(await other.list()).toEqual([]);
    });

    it("of a newer version are refused, also by force", async () => {
      const { id } = await snapshotsOf().take();
      const place = new SnapshotFolder(folder);
      await place.write({ ...((await place.read(id)) as CompleteSnapshot), format: 2 });
      for (const force of [false, true])
        expect(await refusal(() => snapshotsOf().prove(id, { force }))).toMatchObject({
          type: "SNAPSHOT_MISMATCH",
          data: { id, field: "format", actual: 2 },
        });
    });

    it.each([
      [{ log: "log-2" }, 'log: found "log-1", expected log-2'],
      [{ head: 8 }, "position: found 9, expected at most 8, where the log ends"],
      [{ afterId: "e9'" }, "position: found event e9, expected event e9', which the log has at position 9"],
    ])("of a log that is not this one's are refused, also by force: %j", async (found, message) => {
      const { id } = await snapshotsOf().take();
      log = { ...log, ...found };
      for (const force of [false, true]) {
        const error = await refusal(() => snapshotsOf().restore(id, "", { force }));
        expect(error).toMatchObject({ type: "SNAPSHOT_MISMATCH", code: 409 });
        expect(error.message).toContain(message);
      }
    });
  });

  describe("of another definition", () => {
    const wider: FieldsInput = { name: { type: "string", index: true }, total: "string", city: "string" };

    it("are refused, saying what differs", async () => {
      const { id } = await snapshotsOf().take();
      const error = await refusal(() => snapshotsOf(wider).restore(id, ""));
      expect(error).toMatchObject({ type: "SNAPSHOT_MISMATCH", data: { id, field: "definition" } });
      for (const text of ["fields.name.index: ", "fields.total.type: ", "fields.city: ", "force: true"])
        expect(error.message).toContain(text);
    });

    it("are converted by force: what fits is kept, other fields are null", async () => {
      const more = Array.from({ length: 1200 }, (_, index) =>
        create(`m${index}`, { name: `name ${index}`, total: index }),
      );
      const batch = await table.live().begin();
      await batch.apply(more);
      await batch.commit(at(9, { positionId: "e9" }));
      const { id } = await snapshotsOf().take();
      const before = files();
      const restored = await snapshotsOf(wider).restore(id, "order-1", { force: true });
      expect([...restored.fields]).toEqual([...fieldsOf(wider)]);
      // The rows are still of the other definition; the next start detects it.
      expect(restored.origin).toEqual({ definition: table.live().origin.definition, requestId: "order-1" });
      const rows = await seen(restored.rows);
      expect(Object.keys(rows)).toHaveLength(1202);
      expect(rows["1"]).toEqual({ name: "one" });
      expect(rows["m1199"]).toEqual({ name: "name 1199" });
      expect(await restored.parked()).toEqual([parked("e3", 3)]);
      // As if folded out of order: no fold by today's definition produces these rows.
      expect(await restored.progress()).toEqual(at(9, { positionId: "e9", reordered: true }));
      expect(files()).toHaveLength(before.length + (engine === "sqlite" ? 1 : 0));
      await table.switchTo(restored);
      expect((await committed(table))["2"]).toEqual({ name: "two" });
    });

    it.each<[FieldsInput, string]>([
      [
        { name: "string", city: { type: "string", required: true } },
        "row 1: city: found undefined, expected a value (string)",
      ],
      [{ name: { type: "integer", required: true } }, 'row 1: name: found "one", expected a value (integer)'],
    ])("are refused also by force where a row lacks what is required: %j", async (fields, message) => {
      const { id } = await snapshotsOf().take();
      const before = files();
      const error = await refusal(() => snapshotsOf(fields).restore(id, "", { force: true }));
      expect(error.type).toBe("SNAPSHOT_MISMATCH");
      expect(error.message).toContain(message);
      expect(files()).toEqual(before);
      expect(Object.keys(await committed(table))).toEqual(["1", "2"]);
    });

    it("are refused also by force where a value that must be unique is there twice", async () => {
      const batch = await table.live().begin();
      await batch.apply([create("3", { name: "two" })]);
      await batch.commit(at(9, { positionId: "e9" }));
      const { id } = await snapshotsOf().take();
      const before = files();
      const unique: FieldsInput = { name: { type: "string", unique: true } };
      const error = await refusal(() => snapshotsOf(unique).restore(id, "", { force: true }));
      expect(error.type).toBe("SNAPSHOT_MISMATCH");
      expect(error.message).toContain('row 3: name: found "two", expected a value that no other row has');
      expect(files()).toEqual(before);
    });

    it("are noticed by their fields if they do not name their definition", async () => {
      const next = await table.build(fieldsOf({ name: "string" }));
      const batch = await next.begin();
      await batch.commit(at(9, { positionId: "e9" }));
      await table.switchTo(next);
      const { id } = await snapshotsOf().take();
      const before = files();
      const error = await refusal(() => snapshotsOf().restore(id, ""));
      expect(error).toMatchObject({ type: "SNAPSHOT_MISMATCH", data: { field: "fields", actual: "name" } });
      expect(files()).toEqual(before);
      expect([...(await snapshotsOf().restore(id, "", { force: true })).fields.keys()]).toEqual(["name", "total"]);
    });
  });

  describe("that are damaged", () => {
    it("in their manifest are refused, whichever byte it is, and not listed", async () => {
      const { id } = await snapshotsOf().take();
      const whole = await snapshotsOf().take();
      const file = join(folder, id, "manifest.json");
      const bytes = readFileSync(file);
      const damaged = Array.from(bytes, (_, index) => {
        const copy = Buffer.from(bytes);
        copy[index] = copy[index]! ^ 1;
        return copy;
      });
      for (const wrong of [
        ...damaged,
        bytes.subarray(0, -1),
        Buffer.from(""),
        Buffer.from("null"),
        Buffer.concat([bytes, Buffer.from(" ")]),
      ]) {
        writeFileSync(file, wrong);
        await expect(snapshotsOf().find(id)).rejects.toMatchObject({ type: "SNAPSHOT_DAMAGED", code: 500 });
      }
      await expect(snapshotsOf().restore(id, "", { force: true })).rejects.toMatchObject({ type: "SNAPSHOT_DAMAGED" });
      expect(await snapshotsOf().list()).toEqual([whole]);
      expect(warnings.join()).toContain(id);
      await (await afterKill()).take({ keep: 1 });
      expect(readdirSync(join(folder, id))).toContain("table");
      unlinkSync(file);
      await expect(snapshotsOf().find(id)).rejects.toMatchObject({ type: "SNAPSHOT_DAMAGED" });
      writeFileSync(file, readFileSync(join(folder, (await snapshotsOf().list())[0]!.id, "manifest.json")));
      await expect(snapshotsOf().find(id)).rejects.toMatchObject({ type: "SNAPSHOT_DAMAGED" });
    });

    it("by a link in place of a file are refused, and what it leads to is neither read nor written", async () => {
      const { id } = await snapshotsOf().take();
      const secret = join(home, "secret");
      writeFileSync(secret, "secret");
      const place = join(folder, id, "table");
      const [name = ""] = readdirSync(place);
      for (const path of [join(place, name), join(folder, id, "manifest.json")]) {
        const kept = join(home, "kept");
        renameSync(path, kept);
        // The second link leads to the right content now, but may lead elsewhere later.
        for (const target of [secret, kept]) {
          symlinkSync(target, path);
          const error = await refusal(() => snapshotsOf().restore(id, ""));
          expect(error).toMatchObject({ type: "SNAPSHOT_DAMAGED" });
          expect(error.message).not.toContain("secret");
          unlinkSync(path);
        }
        renameSync(kept, path);
      }
      renameSync(place, join(home, "moved"));
      symlinkSync(join(home, "moved"), place);
      expect(await refusal(() => snapshotsOf().restore(id, ""))).toMatchObject({ type: "SNAPSHOT_DAMAGED" });
      symlinkSync(secret, join(folder, id, "manifest.json.new"));
      const begun = { id, table: "things", node: "node-1", time: now() };
      await new SnapshotFolder(folder).write({ ...begun, state: "failed", error: "" });
      expect(readFileSync(secret, "utf8")).toBe("secret");
    });

    it("in their data are refused, and nothing is left beside the live table", async () => {
      const { id } = await snapshotsOf().take();
      const [name = ""] = readdirSync(join(folder, id, "table"));
      const file = join(folder, id, "table", name);
      const bytes = readFileSync(file);
      const middle = bytes.length >> 1;
      bytes[middle] = bytes[middle]! ^ 1;
      writeFileSync(file, bytes);
      const before = files();
      expect((await snapshotsOf().prove(id)).id).toBe(id);
      await expect(snapshotsOf().restore(id, "")).rejects.toMatchObject({ type: "SNAPSHOT_DAMAGED" });
      rmSync(join(folder, id, "table"), { recursive: true });
      await expect(snapshotsOf().restore(id, "")).rejects.toMatchObject({ type: "SNAPSHOT_DAMAGED" });
      expect(files()).toEqual(before);
      expect((await committed(table))["1"]).toEqual({ name: "one", total: 1 });
    });
  });

  describe("when the store does not answer", () => {
    it("at the beginning have failed, also in the history when it does: it may have stored what it did not answer", async () => {
      isStoreAway = true;
      const snapshots = snapshotsOf();
      for (const before of [0, 1, 2]) {
        asked = 0;
        await expect(snapshots.take()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE", code: 503 });
        // Each would be a time-out for the caller.
        expect(asked).toBe(1);
        expect(readdirSync(folder)).toHaveLength(before + 1);
      }
      expect(await snapshots.list()).toEqual([]);
      asked = 0;
      await snapshots.tidy();
      expect(asked).toBe(1);
      isStoreAway = false;
      await (await afterKill()).tidy();
      const ids = new Set([...history.values()].map(({ payload }) => payload.id));
      expect(ids.size).toBe(3);
      for (const id of ids) expect(typesOf(id)).toEqual(["$snapshot.started", "$snapshot.failed"]);
      expect(readdirSync(folder)).toEqual([]);
    });

    it("at the end are complete, and recorded when it does", async () => {
      const snapshots = snapshotsOf();
      const backup = table.backup.bind(table);
      table.backup = (to) => ((isStoreAway = true), backup(to));
      const { id } = await snapshots.take();
      expect(typesOf(id)).toEqual(["$snapshot.started"]);
      expect(warnings.join()).toContain(`snapshot ${id} is complete, but its completion is not in the log yet`);
      const warned = warnings.length;
      await snapshots.tidy();
      expect(warnings).toHaveLength(warned);
      isStoreAway = false;
      await snapshots.tidy();
      await snapshots.tidy();
      expect(typesOf(id)).toEqual(["$snapshot.started", "$snapshot.completed"]);
      expect(await snapshots.list()).toHaveLength(1);
    });

    it("at the end are recorded after a restart", async () => {
      const backup = table.backup.bind(table);
      table.backup = (to) => ((isStoreAway = true), backup(to));
      const manifest = await snapshotsOf().take();
      const snapshots = await afterKill();
      expect(await snapshots.list()).toEqual([manifest]);
      isStoreAway = false;
      await snapshots.tidy();
      expect(typesOf(manifest.id)).toEqual(["$snapshot.started", "$snapshot.completed"]);
      history.clear();
      await (await afterKill()).tidy();
      expect(history.size).toBe(0);
    });
  });

  describe("whose process was killed", () => {
    async function halfWay(id = unknownId, table = "things"): Promise<void> {
      const place = new SnapshotFolder(folder);
      await place.begin({ id, table, node: "node-1", time: now(), state: "running" });
      writeFileSync(join(place.tableOf(id), "table.db-journal"), "half");
    }

    it("half-way are never offered, lose their data at the next start, and are failed in the history", async () => {
      await halfWay();
      isStoreAway = true;
      const snapshots = await afterKill();
      expect(existsSync(join(folder, unknownId, "table"))).toBe(false);
      expect(await snapshots.list()).toEqual([]);
      await expect(snapshots.find(unknownId)).rejects.toMatchObject({ type: "UNKNOWN_SNAPSHOT" });
      await snapshots.tidy();
      const again = await afterKill();
      isStoreAway = false;
      await again.tidy();
      expect([...history.values()]).toEqual([
        { type: "$snapshot.started", payload: { id: unknownId, table: "things", node: "node-1" } },
        {
          type: "$snapshot.failed",
          payload: {
            id: unknownId,
            table: "things",
            node: "node-1",
            error: expect.stringContaining("ended before"),
          },
        },
      ]);
      expect(readdirSync(folder)).toEqual([]);
    });

    it("before or after that leave nothing either, and foreign files stay", async () => {
      const gone = unknownId.replace(/0$/, "1");
      const empty = unknownId.replace(/0$/, "2");
      mkdirSync(join(folder, `${gone}.removed`, "table"), { recursive: true });
      mkdirSync(join(folder, empty));
      writeFileSync(join(folder, empty, "manifest.json.new"), "{");
      const others = ["notes.removed", "photos", unknownId.replace("-7", "-4")];
      for (const name of others) mkdirSync(join(folder, name));
      await halfWay(unknownId, "people");
      await (await afterKill()).tidy();
      expect(readdirSync(folder).toSorted()).toEqual([unknownId, ...others].toSorted());
      expect(existsSync(join(folder, unknownId, "table"))).toBe(true);
      expect(history.size).toBe(0);
    });
  });

  describe("that cannot be written", () => {
    it("because their folder is a file say so; the table answers on", async () => {
      writeFileSync(folder, "mine");
      const error = await refusal(() => snapshotsOf().take());
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500 });
      expect(error.message).toContain(folder);
      await expect(snapshotsOf().list()).rejects.toMatchObject({ type: "UNUSABLE_STORE" });
      await (await afterKill()).tidy();
      expect(history.size).toBe(0);
      expect((await committed(table))["1"]).toEqual({ name: "one", total: 1 });
    });

    it("by the engine fail, and are failed in the history", async () => {
      const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      table.backup = async (to) => {
        writeFileSync(join(to, "table.db"), "half");
        throw full;
      };
      const error = await refusal(() => snapshotsOf().take());
      expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
      const [started, failed] = [...history.values()];
      expect(started!.type).toBe("$snapshot.started");
      expect(failed).toMatchObject({
        type: "$snapshot.failed",
        payload: { id: started!.payload.id, error: expect.stringContaining("the disk is full") },
      });
      expect(readdirSync(folder)).toEqual([]);
    });
  });
});
