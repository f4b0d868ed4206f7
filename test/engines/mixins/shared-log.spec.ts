import type { ProcessSummary, RecordedEvent } from "moleculer-event-sourcing";
import { mongodb } from "../../../adapters/mongodb/mongodb.ts";
import { nats } from "../../../adapters/nats/nats.ts";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import type { Adapter } from "../../../core/adapter.ts";
import { cleanUp, eventually } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { add, ask, SharedLog, upTo, withStatus, type LogNode } from "./shared-logs.ts";
import { eventsIn, processesIn } from "../../support/pages.ts";

afterEach(cleanUp);

const engines: Record<"nats-server" | "mongodb" | "postgres", (url: string, folder: string) => Adapter> = {
  "nats-server": (url, folder) => nats(url, { folder }),
  mongodb: (url, folder) => mongodb(url, { folder }),
  postgres: (url) => postgres(url),
};

const streamsOf = (events: readonly RecordedEvent[]) => {
  const streams = new Map<string, number[]>();
  for (const { stream, position } of events) streams.set(stream, [...(streams.get(stream) ?? []), position]);
  return streams;
};

/** Page by page: a page ends after so many bytes, whatever its limit. */
async function logOf(node: LogNode): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for (;;) {
    const page = await eventsIn(
      ask<{ events: RecordedEvent[] }>(node, "events.read", { after: all.at(-1)?.position ?? 0, limit: 10_000 }),
    );
    if (page.length === 0) return all;
    all.push(...page);
  }
}

for (const engine of ["nats-server", "mongodb", "postgres"] as const)
  describeWith(engine, `A log that nodes share on ${engine}`, (server) => {
    const newLog = () => new SharedLog((folder) => engines[engine](server().url, folder));

    it("is appended to through either; one hands each event to the broker, in order, once", async () => {
      const [first, second] = await newLog().pair();
      for (let round = 0; round < 10; round++) await Promise.all([add(first, 3), add(second, 2)]);
      await eventually(() => expect([...first.heard, ...second.heard]).toHaveLength(50));
      expect(first.heard).toEqual(upTo(50));
      expect((await logOf(second)).map(({ position }) => position)).toEqual(upTo(50));
      for (const node of [first, second])
        await withStatus(node, "events", { head: 50, pump: { position: 50, lag: 0 } });
    });

    it("is left alone by those who stand by, however much is appended", async () => {
      const shared = newLog();
      const [first, second] = await shared.pair();
      const before = shared.asked["second"] ?? 0;
      const since = performance.now();
      for (let n = 0; n < 150; n++) await add(first);
      await withStatus(second, "watch", { lag: 0 });
      // Three of them look once a second, and once more where they have just begun to wait.
      const looks = 3 * ((performance.now() - since) / 1000 + 2);
      expect((shared.asked["second"] ?? 0) - before).toBeLessThan(looks);
    });

    it("is pumped, handled and counted on by the other at once when the first stops, without a gap", async () => {
      const [first, second] = await newLog().pair();
      await add(first, 20);
      await eventually(() => expect(first.heard).toHaveLength(20));
      const state = { isOver: false };
      const adding = (async () => {
        while (!state.isOver) await add(second);
      })();
      await first.broker.stop();
      for (const service of ["watch", "counter"])
        await withStatus(second, service, { state: expect.stringMatching(/live|folding/) as string });
      state.isOver = true;
      await adding;
      await add(second, 5);
      const all = await logOf(second);
      await eventually(() => {
        expect([...first.heard, ...second.heard]).toEqual(upTo(all.length));
        expect([...first.handled, ...second.handled]).toEqual(upTo(all.length));
      });
      await withStatus(second, "counter", { lag: 0 });
      const processes = await processesIn(ask<{ processes: ProcessSummary[] }>(second, "counter.processes"));
      expect(new Map(processes.map(({ id, state }) => [id, (state as { seen: number[] }).seen]))).toEqual(
        streamsOf(all),
      );
    });

    it("is paused by either when nothing is in flight anywhere, and resumed by either", async () => {
      const said: string[] = [];
      let go = Promise.withResolvers<void>();
      const [first, second] = await newLog().pair(async (position) => {
        said.push(`begins ${position}`);
        await go.promise;
        said.push(`ends ${position}`);
      });
      for (const [asked, position] of [
        [second, 1],
        [first, 3],
      ] as const) {
        await add(second, 2);
        await eventually(() => expect(said).toContain(`begins ${position}`));
        const paused = ask(asked, "events.pausePump").then(() => said.push("paused"));
        await eventually(async () => {
          for (const node of [first, second]) expect(await ask(node, "events.status")).toMatchObject({ paused: true });
        });
        expect(said.at(-1)).toBe(`begins ${position}`);
        go.resolve();
        await paused;
        expect(said.slice(-2)).toEqual([`ends ${position}`, "paused"]);
        go = Promise.withResolvers();
        go.resolve();
        await ask(asked === first ? second : first, "events.resumePump");
        await eventually(() => expect(said.at(-1)).toBe(`ends ${position + 1}`));
        go = Promise.withResolvers();
      }
      go.resolve();
      expect(first.heard).toEqual(upTo(4));
      expect(second.heard).toEqual([]);
    });

    it("stays paused where the one that pumped stops, and is resumed without a gap", async () => {
      const log = newLog();
      const [first, second] = await log.pair();
      await add(first, 5);
      await eventually(() => expect(first.heard).toHaveLength(5));
      await ask(second, "events.pausePump");
      await add(second, 5);
      await first.broker.stop();
      const third = await log.node("third");
      await withStatus(third, "events", { paused: true, head: 10 });
      await ask(third, "events.resumePump");
      await eventually(() => expect([...second.heard, ...third.heard]).toEqual(upTo(10, 6)));
    });

    it("answers who pauses it where another has resumed it, and was gone before he could say so", async () => {
      const shared = newLog();
      const go = Promise.withResolvers<void>();
      const [first] = await shared.pair(() => go.promise);
      await add(first, 2);
      await eventually(() => expect(first.heard).toEqual([1]));
      const paused = ask(first, "events.pausePump");
      await withStatus(first, "events", { paused: true });
      await shared.withLog(async (log) => {
        const { value, revision } = (await log.control.get("control/pump"))!;
        await log.control.put("control/pump", { ...(value as object), paused: false }, revision);
      });
      go.resolve();
      await paused;
      await eventually(() => expect(first.heard).toEqual([1, 2]));
    });

    it("has a table of each node's own, which shows what was appended through the other", async () => {
      const nodes = await newLog().pair();
      const [first, second] = nodes;
      for (let round = 1; round <= 10; round++) {
        const [writer, reader] = round % 2 ? [first, second] : [second, first];
        const { position } = await add(writer, 3);
        const rows = await ask(reader, "table.find", { sort: "n" }, { readAfter: { events: position } });
        expect(rows).toMatchObject(upTo(round * 3).map((n) => ({ n, before: n - 1 })));
      }
      // One of them has not been read since the last events: a pause may come before they are folded there.
      for (const node of nodes) await withStatus(node, "table", { state: "live", position: 30 });
      await ask(second, "table.pause");
      for (const node of nodes) await withStatus(node, "table", { state: "paused", position: 30 });
      await ask(first, "table.resume");
      for (const node of nodes) await withStatus(node, "table", { state: "live" });
    });

    it("loses no command to one entity that both decide on at the same time", async () => {
      const nodes = await newLog().pair();
      const sums = await Promise.all(
        upTo(60).map(async (n) => {
          const { events } = await ask<{ events: RecordedEvent[] }>(nodes[n % 2]!, "tally.add", { id: "one", n });
          return events[0]!.payload["sum"] as number;
        }),
      );
      const stored = await eventsIn(
        ask<{ events: RecordedEvent[] }>(nodes[0], "events.read", { stream: "tally-one", limit: 100 }),
      );
      expect(stored.map(({ version }) => version)).toEqual(upTo(60));
      expect(stored.map(({ payload }) => payload["n"] as number).toSorted((a, b) => a - b)).toEqual(upTo(60));
      let sum = 0;
      expect(stored.map(({ payload }) => payload["sum"])).toEqual(
        stored.map(({ payload }) => (sum += payload["n"] as number)),
      );
      expect(sums.toSorted((a, b) => a - b)).toEqual(stored.map(({ payload }) => payload["sum"]));
    });
  });
