import { existsSync } from "node:fs";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import { cleanUp, eventually, refusal } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { ask, numbers, rowsOn, SharedTable, statusOf, withStatus } from "./shared-tables.ts";

afterEach(cleanUp);

const caughtUp = { readAfter: { events: 0 } };
const after = (position: number) => ({ ...caughtUp, readAfter: { events: position } });

describeWith("postgres", "A table in PostgreSQL that two nodes share", (server) => {
  const newTable = () => SharedTable.start(postgres(server().url));

  it("is folded by one; the other answers from it, and takes it over when the first stops", async () => {
    const shared = await newTable();
    const [first, second] = await shared.pair();
    await shared.add(20);
    expect(await rowsOn(second, after(20))).toMatchObject(numbers(20));
    expect(await statusOf(second)).toMatchObject({
      node: "second",
      state: "standby",
      position: 20,
      lag: 0,
      cause: expect.stringMatching(/^waits for the lease of node first, unchanged for [\d.]+ s of 3 s$/) as string,
    });
    expect(await rowsOn(first, after(20))).toMatchObject(numbers(20));
    await first.stop();
    await withStatus(second, { state: "live" });
    await shared.add(5, "thing.added", "thing-2");
    expect(await rowsOn(second, after(25))).toMatchObject(numbers(25));
    expect(await ask(second, "verify")).toMatchObject({ ok: true, position: 25, rows: 25 });
  });

  it("is waited for on the node that looks on, also where events change nothing in it", async () => {
    const shared = await newTable();
    const [, second] = await shared.pair();
    for (let n = 1; n <= 10; n++) {
      await shared.add(1, n % 2 ? "thing.added" : "thing.seen");
      expect(await rowsOn(second, after(n))).toHaveLength(Math.ceil(n / 2));
    }
    expect(await refusal(() => rowsOn(second, after(11)))).toMatchObject({ type: "VALIDATION_ERROR" });
  });

  it("parks, retries and skips as the one that looks on is told", async () => {
    const shared = await newTable();
    const bad = new Set([2, 4]);
    const fold = {
      transform: ({ id, position }: { id: string; position: number }) => {
        if (bad.has(position)) throw new Error(`no ${position}`);
        return { id, n: position };
      },
    };
    const [first, second] = await shared.pair(fold);
    const ids = [];
    for (const stream of ["a-1", "a-2", "a-3", "a-4"]) ids.push(...(await shared.add(1, "thing.added", stream)));
    await withStatus(second, { position: 4, parked: 2 });
    expect(await ask(second, "parked")).toMatchObject({ events: [{ id: ids[1] }, { id: ids[3] }] });
    bad.delete(2);
    expect(await ask(second, "retry", { id: ids[1] })).toEqual({ folded: 1, parked: 1 });
    expect(await ask(second, "skip", { id: ids[3] })).toMatchObject({ parked: 0 });
    expect(await rowsOn(first)).toMatchObject([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await ask(second, "pause");
    expect(await statusOf(first)).toMatchObject({ state: "paused" });
    await shared.add(1);
    expect(await refusal(() => rowsOn(second, after(5)))).toMatchObject({ type: "NOT_CAUGHT_UP" });
    await ask(second, "resume");
    expect(await rowsOn(second, after(5))).toHaveLength(4);
  });

  it("is rebuilt by the one that folds, whichever is asked, and both answer from the new one", async () => {
    const shared = await newTable();
    const by = (who: string) => ({
      transform: ({ id, position }: { id: string; position: number }) => ({ id, n: position, by: who }),
    });
    const [first, second] = await shared.pair(by("old"));
    await shared.add(30);
    await rowsOn(second, after(30));
    await first.stop();
    await withStatus(second, { state: "live" });
    const third = await shared.node("third", by("new"));
    await withStatus(third, { state: "standby" });
    await second.stop();
    await withStatus(third, { state: "live" });
    const fourth = await shared.node("fourth", by("new"));
    await withStatus(fourth, { state: "standby" });
    expect((await rowsOn(fourth)).map((row) => row["by"])).toEqual(Array(30).fill("old"));
    expect(await ask(fourth, "rebuild")).toMatchObject({ kind: "rebuild", position: 30 });
    for (const node of [third, fourth])
      expect((await rowsOn(node)).map((row) => row["by"])).toEqual(Array(30).fill("new"));
    expect(await ask(third, "verify")).toMatchObject({ ok: true });
  });

  it("tells the progress of a rebuild on the node that looks on as well", async () => {
    const shared = await newTable();
    const gate = { at: Infinity, ...Promise.withResolvers<void>() };
    const waiting = {
      transform: async ({ id, position }: { id: string; position: number }) => {
        if (position === gate.at) await gate.promise;
        return { id, n: position };
      },
    };
    const [first, second] = await shared.pair(waiting);
    await shared.add(1200);
    await rowsOn(second, after(1200));
    // Behind the first page of a rebuild.
    gate.at = 1100;
    expect(await ask(second, "rebuild", { wait: false })).toMatchObject({ kind: "rebuild" });
    const told = await withStatus(second, { state: "standby", rebuilding: { total: 1200 } });
    expect((told["rebuilding"] as { done: number }).done).toBeGreaterThan(0);
    expect(await statusOf(first)).toMatchObject({ rebuilding: { total: 1200 } });
    gate.resolve();
    await withStatus(second, { rebuilding: null, position: 1200 });
    await withStatus(first, { rebuilding: null });

    Object.assign(gate, { at: 1100 }, Promise.withResolvers<void>());
    await ask(second, "rebuild", { wait: false });
    await withStatus(second, { rebuilding: { total: 1200 } });
    const cancelled = ask(first, "cancel");
    gate.resolve();
    expect(await cancelled).toMatchObject({ cancelled: expect.any(String) as string });
    await withStatus(second, { rebuilding: null });
    expect(await rowsOn(second)).toHaveLength(1200);
  });

  it("is snapshot, restored and looked back at from the one that looks on", async () => {
    const shared = await newTable();
    const [first, second] = await shared.pair();
    await shared.add(10);
    await rowsOn(second, after(10));
    const { id } = await ask<{ id: string }>(second, "snapshot");
    expect(existsSync(shared.folder)).toBe(true);
    await shared.add(5);
    await rowsOn(second, after(15));
    expect((await ask<{ rows: unknown[] }>(second, "at", { position: 7, sort: "n" })).rows).toMatchObject(numbers(7));
    expect(await ask(second, "verify")).toMatchObject({ ok: true, rows: 15 });
    expect(await ask(second, "restore", { snapshotId: id })).toMatchObject({ paused: true, position: 10 });
    for (const node of [first, second]) expect(await rowsOn(node)).toMatchObject(numbers(10));
    await ask(second, "replay", { snapshotId: id });
    for (const node of [first, second]) await eventually(async () => expect(await rowsOn(node)).toHaveLength(15));
    expect(await ask(first, "verify")).toMatchObject({ ok: true, rows: 15 });
  });

  it("goes on by itself after its server was killed, also in the middle of a rebuild", async () => {
    const shared = await newTable();
    const [first, second] = await shared.pair();
    for (let round = 0; round < 3; round++) {
      await shared.add(200, "thing.added", `thing-${round}`);
      const rebuilt = round === 1 ? ask(second, "rebuild") : Promise.resolve();
      await eventually(async () => {
        const { position } = await statusOf(first);
        if (Number(position) <= round * 210) throw new Error("nothing is folded yet");
      });
      await server().kill();
      await shared.add(10, "thing.added", `thing-${round}`);
      await withStatus(first, { state: "waiting" });
      await server().start();
      await rebuilt;
      expect(await eventually(() => rowsOn(second, after((round + 1) * 210)))).toMatchObject(
        numbers((round + 1) * 210),
      );
    }
    expect(await ask(first, "verify")).toMatchObject({ ok: true, position: 630 });
  });
});
