import type { RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { mongodb } from "../../../adapters/mongodb/mongodb.ts";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import type { Adapter } from "../../../core/adapter.ts";
import { setTimes, times } from "../../../core/concurrency/times.ts";
import { cleanUp, eventually, refusal } from "../../support/broker.ts";
import { LogLines } from "../../mixins/log-lines.ts";
import { describeWith } from "../../support/engines.ts";
import { ask, rowsOn, SharedTable, statusOf, withStatus } from "./shared-tables.ts";

afterEach(cleanUp);

const after = (position: number) => ({ readAfter: { events: position } });

/** A definition that writes its number into each row, and counts its calls. */
class Release {
  calls = 0;
  readonly version: number;
  /** Events from this position on wait for `open`. */
  readonly closedFrom: number;
  readonly #gate = Promise.withResolvers<void>();
  readonly open = () => this.#gate.resolve();
  isWaiting = false;

  constructor(version: number, closedFrom = Infinity) {
    this.version = version;
    this.closedFrom = closedFrom;
  }

  readonly transform = async ({ id, position }: RecordedEvent) => {
    if (position >= this.closedFrom) {
      this.isWaiting = true;
      await this.#gate.promise;
    }
    this.calls++;
    return { id, n: position, by: `release ${this.version}` };
  };
}

const byOf = async (broker: ServiceBroker, meta = {}) => [...new Set((await rowsOn(broker, meta)).map(({ by }) => by))];
const nodesOf = async (broker: ServiceBroker) => {
  const { definitions } = (await statusOf(broker)) as { definitions: { position: number; nodes: string[] }[] };
  return definitions.map(({ position, nodes }) => ({ position, nodes }));
};

/** The owner that the node announces for its rows. */
const ownerOn = ({ nodeID, registry }: ServiceBroker): string => {
  const services = registry.getServiceList({ onlyLocal: true }) as { metadata: { owner?: string } }[];
  const owners = services.flatMap(({ metadata: { owner } }) => owner ?? []);
  expect([nodeID, owners]).toEqual([nodeID, [expect.any(String)]]);
  return owners[0]!;
};

/** Each node knows the others: an action that is carried out on every node reaches them. */
const acquainted = async (...nodes: ServiceBroker[]) => {
  const ids = nodes.map(({ nodeID }) => nodeID).toSorted();
  for (const node of nodes)
    await eventually(async () =>
      expect((await nodesOf(node)).flatMap((definition) => definition.nodes).toSorted()).toEqual(ids),
    );
};

const engines: Record<"postgres" | "mongodb", (url: string) => Adapter> = {
  postgres: (url) => postgres(url),
  mongodb: (url) => mongodb(url),
};

for (const engine of ["postgres", "mongodb"] as const)
  describeWith(engine, `Two definitions of a table in ${engine}`, (server) => {
    const newTable = () => SharedTable.start(engines[engine](server().url));

    it("each have their rows, folded beside each other, until the last node of one has left", async () => {
      const shared = await newTable();
      const [older, newer] = [new Release(1), new Release(2)];
      const first = await shared.node("first", older);
      await shared.add(10);
      await rowsOn(first, after(10));
      const second = await shared.node("second", newer);
      await withStatus(second, { state: "live", stale: false, position: 10 });
      await shared.add(10);
      for (const [node, by] of [
        [first, "release 1"],
        [second, "release 2"],
      ] as const) {
        expect(await rowsOn(node, after(20))).toHaveLength(20);
        expect(await byOf(node)).toEqual([by]);
        expect(await statusOf(node)).toMatchObject({ state: "live", stale: false });
        expect(await ask(node, "verify")).toMatchObject({ ok: true, rows: 20 });
      }
      const both = [
        { position: 20, nodes: ["second"] },
        { position: 20, nodes: ["first"] },
      ];
      await eventually(async () => expect(await nodesOf(first)).toEqual(both));
      await first.stop();
      await shared.add(10);
      expect(await rowsOn(second, after(30))).toHaveLength(30);
      // The release is rolled back: it continues where it was, and until then answers with what the other had.
      const calls = older.calls;
      const back = await shared.node("back", older);
      expect(await rowsOn(back, after(30))).toHaveLength(30);
      await eventually(async () => expect(await byOf(back)).toEqual(["release 1"]));
      expect(older.calls).toBe(calls + 10);
    });

    it("warn a node with another onChange, which folds rows that all its kind share", async () => {
      const shared = await newTable();
      const first = await shared.node("first", new Release(1));
      await shared.add(1);
      await rowsOn(first, after(1));
      const logger = new LogLines();
      const second = await shared.node("second", { transform: new Release(1).transform, onChange: "warn" }, { logger });
      expect(await rowsOn(second, after(1))).toHaveLength(1);
      expect(logger.of("warn", /onChange is "warn".*rows of nodes with "rebuild"/)).toHaveLength(1);
      const silent = new LogLines();
      await shared.node("third", new Release(1), { logger: silent });
      expect(silent.of("warn", /onChange/)).toEqual([]);
    });

    it("answer with the older rows, which go on, while the newer ones are folded", async () => {
      const shared = await newTable();
      const [older, newer] = [new Release(1), new Release(2, 5)];
      const first = await shared.node("first", older);
      await shared.add(10);
      await rowsOn(first, after(10));
      const second = await shared.node("second", newer);
      await withStatus(second, { stale: true, rebuilding: { total: 10 } });
      const third = await shared.node("third", newer);
      for (let position = 11; position <= 15; position++) {
        await shared.add(1);
        for (const node of [first, second, third]) expect(await rowsOn(node, after(position))).toHaveLength(position);
      }
      for (const node of [second, third]) expect(await byOf(node)).toEqual(["release 1"]);
      newer.open();
      await withStatus(second, { stale: false, rebuilding: null });
      await shared.add(1);
      for (const node of [second, third]) expect(await byOf(node, after(16))).toEqual(["release 2"]);
      expect(await byOf(first, after(16))).toEqual(["release 1"]);
    });

    it("are never older than what was read before, when the newer rows take over", async () => {
      const shared = await newTable();
      const [older, newer] = [new Release(1), new Release(2, 10)];
      const first = await shared.node("first", older);
      await shared.add(10);
      await rowsOn(first, after(10));
      const second = await shared.node("second", newer);
      // Its page of the log ends here, and the older rows go on.
      await eventually(() => expect(newer.isWaiting).toBe(true));
      await shared.add(5);
      expect(await rowsOn(second, after(15))).toHaveLength(15);
      newer.open();
      await eventually(async () => {
        const rows = await rowsOn(second);
        if (rows.length < 15) throw new Error(`found ${rows.length} rows after 15`);
        expect(rows[0]).toMatchObject({ by: "release 2" });
      });
    });

    it("are read by their position while the newer fold has stopped", async () => {
      const shared = await newTable();
      const first = await shared.node("first", new Release(1));
      await shared.add(10);
      await rowsOn(first, after(10));
      const transform = () => {
        throw new Error("not in this release");
      };
      const second = await shared.node("second", { version: 2, transform, onError: { maxParkedInARow: 1 } });
      await withStatus(second, { state: "stopped", stale: true });
      await shared.add(5);
      expect(await rowsOn(second, after(15))).toHaveLength(15);
      await ask(second, "pause");
      await shared.add(1);
      expect(await refusal(() => rowsOn(second, after(16)))).toMatchObject({ type: "NOT_CAUGHT_UP" });
    });

    it("are folded again where the rows of a running node were removed, live or not", async () => {
      const shared = await newTable();
      const newer = new Release(2, 5);
      const first = await shared.node("first", new Release(1));
      await shared.add(10);
      await rowsOn(first, after(10));
      const second = await shared.node("second", newer);
      await eventually(() => expect(newer.isWaiting).toBe(true));
      await shared.dropOwner(ownerOn(second));
      newer.open();
      await withStatus(second, { state: "live", stale: false, position: 10 });
      expect(await byOf(second)).toEqual(["release 2"]);
      await shared.dropOwner(ownerOn(second));
      await shared.add(5);
      for (const node of [first, second]) expect(await rowsOn(node, after(15))).toHaveLength(15);
      await withStatus(second, { state: "live", stale: false, position: 15 });
      expect(await byOf(second, after(15))).toEqual(["release 2"]);
    });

    it("keep the older rows at their position where no node folds them, and tell a reader of later ones at once", async () => {
      const shared = await newTable();
      const [older, newer] = [new Release(1), new Release(2, 3)];
      const first = await shared.node("first", older);
      await shared.add(10);
      await rowsOn(first, after(10));
      const second = await shared.node("second", newer);
      await withStatus(second, { stale: true, rebuilding: { total: 10 } });
      await first.stop();
      // Events that no mapping of the table knows.
      for (let rest = 12_000; rest > 0; rest -= 2000) await shared.add(2000, "thing.seen", "thing-2");
      await eventually(async () => {
        // With 60 s to wait, the answer comes at once.
        const late = await refusal(() => rowsOn(second, after(12_010)));
        expect(late).toMatchObject({ type: "NOT_CAUGHT_UP" });
        expect(late.message).toMatch(
          /rows of an earlier definition; those of the current one are folded up to \d+ of 12010/,
        );
      });
      expect(await rowsOn(second)).toHaveLength(10);
      expect(await statusOf(second)).toMatchObject({ position: 10, stale: true });
      expect(await nodesOf(second)).toEqual([{ position: 10, nodes: [] }]);
      newer.open();
      await withStatus(second, { state: "live", stale: false });
      expect(await rowsOn(second, after(12_010))).toHaveLength(10);
      expect(await byOf(second)).toEqual(["release 2"]);
    });

    it("are paused, retried, skipped and rebuilt together", async () => {
      const shared = await newTable();
      const bad = new Set([2, 3]);
      const failing = (version: number) => ({
        version,
        transform: ({ id, position }: RecordedEvent) => {
          if (bad.has(position)) throw new Error(`no ${position}`);
          return { id, n: position, by: `release ${version}` };
        },
      });
      const nodes = [await shared.node("first", failing(1)), await shared.node("second", failing(2))];
      await acquainted(...nodes);
      const ids: string[] = [];
      for (const stream of ["a-1", "a-2", "a-3", "a-4"]) ids.push(...(await shared.add(1, "thing.added", stream)));
      for (const node of nodes) await withStatus(node, { position: 4, parked: 2, state: "live" });
      bad.delete(2);
      await ask(nodes[0]!, "retry", { id: ids[1] });
      await ask(nodes[1]!, "skip", { id: ids[2], reason: "not needed" });
      for (const node of nodes) {
        await withStatus(node, { parked: 0 });
        expect((await rowsOn(node)).map(({ n }) => n)).toEqual([1, 2, 4]);
      }
      await ask(nodes[0]!, "rebuild");
      for (const [index, node] of nodes.entries()) {
        expect((await rowsOn(node)).map(({ n }) => n)).toEqual([1, 2, 4]);
        expect(await byOf(node)).toEqual([`release ${index + 1}`]);
        expect(await statusOf(node)).toMatchObject({ reordered: false, rebuilding: null });
      }
      await ask(nodes[0]!, "pause");
      await shared.add(1);
      for (const node of nodes) expect(await statusOf(node)).toMatchObject({ state: "paused", position: 4 });
      await ask(nodes[1]!, "resume");
      for (const node of nodes) expect(await rowsOn(node, after(5))).toHaveLength(4);
    });

    it("are both restored and replayed from a snapshot of one, the other by folding", async () => {
      const shared = await newTable();
      const nodes = [await shared.node("first", new Release(1)), await shared.node("second", new Release(2))];
      await shared.add(5);
      for (const node of nodes) await rowsOn(node, after(5));
      await acquainted(...nodes);
      const { id } = await ask<{ id: string }>(nodes[0]!, "snapshot");
      await shared.add(5);
      for (const node of nodes) await rowsOn(node, after(10));
      await ask(nodes[0]!, "restore", { snapshotId: id });
      for (const [index, node] of nodes.entries()) {
        expect(await rowsOn(node)).toHaveLength(5);
        expect(await byOf(node)).toEqual([`release ${index + 1}`]);
      }
      await ask(nodes[0]!, "replay", { snapshotId: id });
      for (const node of nodes) expect(await rowsOn(node, after(10))).toHaveLength(10);
    });

    it("keep no rows of a definition that no node has run for a while", async () => {
      const { checkEveryMs, keptMs } = times.definitions;
      setTimes({ definitions: { checkEveryMs: 10, keptMs: 2000 } });
      try {
        const shared = await newTable();
        const [older, newer] = [new Release(1), new Release(2)];
        const first = await shared.node("first", older);
        const second = await shared.node("second", newer);
        await shared.add(10);
        for (const node of [first, second]) await rowsOn(node, after(10));
        await withStatus(second, { stale: false });
        await shared.add(1);
        expect(await nodesOf(second)).toHaveLength(2);
        await first.stop();
        await eventually(async () => expect(await nodesOf(second)).toEqual([{ position: 11, nodes: ["second"] }]));
        expect(await rowsOn(second)).toHaveLength(11);
        const calls = older.calls;
        const back = await shared.node("back", older);
        await withStatus(back, { state: "live", stale: false });
        expect(await byOf(back, after(11))).toEqual(["release 1"]);
        expect(older.calls).toBe(calls + 11);
      } finally {
        setTimes({ definitions: { checkEveryMs, keptMs } });
      }
    });

    it("continue in a copy of the rows where another setting of onChange lets them", async () => {
      const shared = await newTable();
      const [told, own, mixed] = [new Release(1), new Release(1), new Release(2)];
      const first = await shared.node("first", { ...told, onChange: "warn" });
      await shared.add(5);
      await rowsOn(first, after(5));
      const second = await shared.node("second", own);
      await withStatus(second, { state: "live", stale: false });
      await shared.add(5);
      for (const node of [first, second]) expect(await rowsOn(node, after(10))).toHaveLength(10);
      expect(own.calls).toBe(5);
      await first.stop();
      await second.stop();
      // The rows of `first` are those that all definitions share.
      const third = await shared.node("third", { ...mixed, onChange: "warn" });
      await shared.add(5);
      expect(await rowsOn(third, after(15))).toHaveLength(15);
      expect(await byOf(third)).toEqual(["release 1", "release 2"]);
      expect(mixed.calls).toBe(5);
    });

    it("share the rows where both are told to fold on", async () => {
      const shared = await newTable();
      const first = await shared.node("first", { ...new Release(1), onChange: "warn" });
      await shared.add(3);
      await rowsOn(first, after(3));
      const second = await shared.node("second", { ...new Release(2), onChange: "warn" });
      await withStatus(second, { state: "standby", stale: true });
      await first.stop();
      await withStatus(second, { state: "live" });
      await shared.add(3);
      expect(await rowsOn(second, after(6))).toHaveLength(6);
      expect(await byOf(second)).toEqual(["release 1", "release 2"]);
      expect(await nodesOf(second)).toEqual([{ position: 6, nodes: ["second"] }]);
    });
  });
