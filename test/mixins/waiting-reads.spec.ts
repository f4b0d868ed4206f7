import { randomUUID } from "node:crypto";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import type { BrokerOptions, Context, Middleware, ServiceBroker } from "moleculer";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { cleanUp, eventually, refusal, startBroker } from "../support/broker.ts";
import { place, Shop } from "../support/order-releases.ts";

const { answerMs, avoidMs } = times.newerRows;
afterEach(async () => {
  setTimes({ newerRows: { answerMs, avoidMs } });
  await cleanUp();
});

type Next = (ctx: Context) => Promise<unknown>;

/** Counts the reads of the table that another node sends to this one, and lets them meet `meet` first. */
class Asked implements Middleware {
  readonly name = "Asked";
  times = 0;
  readonly #meet: () => unknown;

  constructor(meet: () => unknown = () => {}) {
    this.#meet = meet;
  }

  readonly localAction = (next: Next, { name }: { name?: string }) =>
    name === undefined || !/^orders\.(find|get|count)$/.test(name)
      ? next
      : async (ctx: Context) => {
          if (ctx.nodeID !== ctx.broker.nodeID) {
            this.times++;
            await this.#meet();
          }
          return next(ctx);
        };
}

interface Options {
  /** The release of the other node. */
  release?: 1 | 2;
  asked?: Asked;
  /** Called before the other node's table folds an event. */
  fold?: () => unknown;
}

/** A node that keeps the log, a node of the older release, and another one. Each of the latter has its own table. */
async function nodes({ release = 2, asked = new Asked(), fold = () => {} }: Options = {}) {
  const network = { namespace: randomUUID(), transporter: "Fake" } satisfies BrokerOptions;
  const onlyCommands = new Shop(2, { log: memory() }).services.filter(({ name }) => name === "order");
  const store = await startBroker(onlyCommands, { ...network, nodeID: "store" });
  const older = await startBroker(new Shop(1, {}).services, { ...network, nodeID: "older" });
  const start = () =>
    startBroker(new Shop(release, { fold }).services, { ...network, nodeID: "other", middlewares: [asked] });
  return { store, older, start };
}

/** On its own node: a broker may balance otherwise. */
const on = <Answer>(broker: ServiceBroker, action: string, params: object = {}): Promise<Answer> =>
  broker.call(`orders.${action}`, params, { nodeID: broker.nodeID });

/** An order that both releases read, and one that only the newer one does. */
async function placeBoth(store: ServiceBroker, older: ServiceBroker) {
  await store.call("events.append", { stream: "order-1", events: [{ type: "order.noted", payload: { text: "a" } }] });
  await eventually(async () => expect(await on(older, "count")).toBe(1));
  await place(store, "2", 20);
  await eventually(async () => expect(await on(older, "status")).toMatchObject({ state: "waiting", position: 1 }));
}

describe("A read on a node whose table waits for a newer release", () => {
  it("is served by a node of that release, and so is never older than what that node returned", async () => {
    const { store, older, start } = await nodes();
    await placeBoth(store, older);
    await start();
    await eventually(async () => expect(await on(older, "count")).toBe(2));
    await store.call("order.note", { id: "1", text: "b" });
    await eventually(async () => expect(await on(older, "get", { id: "1" })).toMatchObject({ events: 2 }));
    expect(await refusal(() => on(older, "get", { id: "3" }))).toMatchObject({ type: "ENTITY_NOT_FOUND" });
    expect(await refusal(() => on(older, "find", { query: { unknown: 1 } }))).toMatchObject({ type: "INVALID_QUERY" });
    expect(await on(older, "status")).toMatchObject({ state: "waiting", position: 1 });
  });

  it("is served here if that node's rows do not include the event either", async () => {
    const gate = Promise.withResolvers<void>();
    const asked = new Asked();
    const { store, older, start } = await nodes({ asked, fold: () => gate.promise });
    await placeBoth(store, older);
    await start();
    await eventually(async () => {
      expect(await on(older, "count")).toBe(1);
      expect(asked.times).toBeGreaterThan(0);
    });
    gate.resolve();
    await eventually(async () => expect(await on(older, "count")).toBe(2));
  });

  it("is served here if that node does not respond, and further reads do not ask it for a while", async () => {
    setTimes({ newerRows: { answerMs: 50, avoidMs: 60_000 } });
    const never = Promise.withResolvers<void>();
    const asked = new Asked(() => never.promise);
    const { store, older, start } = await nodes({ asked });
    await placeBoth(store, older);
    const other = await start();
    await eventually(async () => expect(await on(other, "count")).toBe(2));
    await eventually(async () => {
      expect(await on(older, "count")).toBe(1);
      expect(asked.times).toBe(1);
    });
    for (const _ of [1, 2, 3]) expect(await on(older, "count")).toBe(1);
    expect(asked.times).toBe(1);
    never.resolve();
  });

  it("is served here at once if all nodes are of the same release", async () => {
    const asked = new Asked();
    const { store, older, start } = await nodes({ release: 1, asked });
    await placeBoth(store, older);
    const other = await start();
    await eventually(async () => expect(await on(other, "status")).toMatchObject({ state: "waiting" }));
    for (const broker of [older, other]) expect(await on(broker, "count")).toBe(1);
    expect(asked.times).toBe(0);
  });
});
