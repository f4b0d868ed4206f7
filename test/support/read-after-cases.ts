import type { BrokerOptions, Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { book, type Entry, type Movement } from "./accounts.ts";
import { eventually, refusal } from "./broker.ts";

interface Deployment {
  /** Services of the caller's node other than `accounts`. */
  caller: ServiceSchema[];
  transform: ServiceSchema;
  readAfterTimeoutMs?: number;
  /** Options of the node that hosts the table. */
  host?: BrokerOptions;
}

/** A command and a query in one action, as a user writes it. */
const desk: ServiceSchema = {
  name: "desk",
  actions: {
    async deposit(ctx: Context<{ amount: number }>) {
      const { position }: Movement = await ctx.call("accounts.move", { account: "mine", amount: ctx.params.amount });
      const rows: Entry[] = await ctx.call("entries.find", { query: { account: "mine" }, sort: "-nth", limit: 1 });
      const count: number = await ctx.call("entries.count");
      return { position, rows, count };
    },
  },
};

/** Cases of reading your own writes, with store, caller and table on any nodes. */
export function readAfterCases(deploy: (deployment: Deployment) => Promise<ServiceBroker>): void {
  const move = async (broker: ServiceBroker, amount: number): Promise<RecordedEvent> =>
    broker.call("accounts.move", { account: "mine", amount });
  const after = (position: unknown) => ({ meta: { readAfter: { events: position } } });

  it("are seen by the reads further down a chain of awaited calls, 200 times in a row without a retry", async () => {
    const broker = await deploy({ caller: [desk], transform: book() });
    for (let amount = 1; amount <= 200; amount++)
      expect(await broker.call("desk.deposit", { amount })).toMatchObject({
        position: amount,
        rows: [{ id: String(amount), amount }],
        count: amount,
      });
  });

  it("are seen by any reader that passes their position, with each of the read actions", async () => {
    const broker = await deploy({ caller: [], transform: book() });
    for (let amount = 1; amount <= 50; amount++) {
      const { position } = await move(broker, amount);
      const id = String(position);
      const [got, resolved, list, found, count] = await Promise.all([
        broker.call("entries.get", { id }, after(position)),
        broker.call("entries.resolve", { id }, after(position)),
        broker.call("entries.list", { sort: "-nth", pageSize: 1 }, after(position)),
        broker.call("entries.find", { query: { amount } }, after(position)),
        broker.call("entries.count", {}, after(position)),
      ]);
      expect([got, resolved]).toMatchObject([{ amount }, { amount }]);
      expect(list).toMatchObject({ rows: [{ amount }], total: amount });
      expect(found).toMatchObject([{ amount }]);
      expect(count).toBe(amount);
    }
  });

  it("are refused at once on a paused table, with both positions, also for a reader that waits already", async () => {
    const hold = Promise.withResolvers<void>();
    const transform = book(({ params }) => params.position === 2 && hold.promise);
    const broker = await deploy({ caller: [], transform, readAfterTimeoutMs: 600_000 });
    await move(broker, 1);
    await broker.call("entries.count", {}, after(1));
    await move(broker, 2);
    await move(broker, 3);
    const waiting = refusal(() => broker.call("entries.count", {}, after(3)));
    await eventually(async () => expect(await broker.call("entries.status")).toMatchObject({ head: 3, position: 1 }));
    const pause = broker.call("entries.pause");
    await eventually(async () => expect(await broker.call("entries.status")).toMatchObject({ paused: true }));
    hold.resolve();
    await pause;
    const { position }: { position: number } = await broker.call("entries.status");
    for (const error of [await waiting, await refusal(() => broker.call("entries.count", {}, after(3)))])
      expect(error).toMatchObject({
        code: 409,
        type: "NOT_CAUGHT_UP",
        retryable: false,
        data: { expected: 3, actual: position, why: 'is paused; "resume" goes on' },
        message: expect.stringMatching(new RegExp(`position ${position}, expected 3.*paused`)),
      });
    expect(await broker.call("entries.count", {}, after(position))).toBe(position);
    expect(await broker.call("entries.count")).toBe(position);
    await broker.call("entries.resume");
    expect(await broker.call("entries.count", {}, after(3))).toBe(3);
  });

  it("are refused with both positions after readAfterTimeoutMs on a table that cannot keep up", async () => {
    const hold = Promise.withResolvers<void>();
    const transform = book(({ params }) => params.position === 2 && hold.promise);
    const broker = await deploy({ caller: [desk], transform, readAfterTimeoutMs: 200 });
    await move(broker, 1);
    await eventually(() => broker.call("entries.get", { id: "1" }));
    for (const read of [
      () => broker.call("desk.deposit", { amount: 2 }),
      () => broker.call("entries.count", {}, after(2)),
    ])
      expect(await refusal(read)).toMatchObject({
        code: 409,
        type: "NOT_CAUGHT_UP",
        data: { expected: 2, actual: 1, why: "after 200 ms" },
        message: expect.stringContaining("position 1, expected 2"),
      });
    expect(await broker.call("entries.count")).toBe(1);
    hold.resolve();
    await eventually(async () => expect(await broker.call("entries.count")).toBe(2));
  });

  it("cannot be beyond the store's head, nor anything but a position", async () => {
    const broker = await deploy({ caller: [], transform: book(), readAfterTimeoutMs: 600_000 });
    await move(broker, 1);
    expect(await refusal(() => broker.call("entries.count", {}, after(2)))).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      data: [{ field: "meta.readAfter.events", actual: 2, expected: "at most the store's head, 1" }],
    });
    for (const position of [-1, 1.5, "1", true, {}, []])
      expect(await refusal(() => broker.call("entries.count", {}, after(position)))).toMatchObject({
        code: 422,
        type: "VALIDATION_ERROR",
        data: [{ field: "meta.readAfter.events", expected: expect.stringContaining("whole number") }],
      });
    for (const readAfter of ["1", 1, [1], true])
      expect(await refusal(() => broker.call("entries.count", {}, { meta: { readAfter } }))).toMatchObject({
        code: 422,
        type: "VALIDATION_ERROR",
        data: [{ field: "meta.readAfter" }],
      });
    for (const readAfter of [null, {}, { events: null }, { events: 0 }])
      expect(await broker.call("entries.count", {}, { meta: { readAfter } })).toEqual(expect.any(Number));
  });

  it("are never answered by an older cached answer", async () => {
    const broker = await deploy({ caller: [], transform: book(), host: { cacher: "Memory" } });
    for (let amount = 1; amount <= 50; amount++) {
      const { position } = await move(broker, amount);
      // Without a position an older result is allowed, and cached.
      const [any, own] = await Promise.all([
        broker.call<number>("entries.count"),
        broker.call("entries.count", {}, after(position)),
      ]);
      expect(own).toBe(amount);
      expect(any).toBeGreaterThanOrEqual(amount - 1);
      expect(await broker.call("entries.count")).toBe(amount);
      expect(await broker.call("entries.count", {}, after(position))).toBe(amount);
    }
  });
}
