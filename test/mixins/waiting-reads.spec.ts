import { randomUUID } from "node:crypto";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { Transporters, type BrokerOptions, type Context, type Middleware, type ServiceBroker } from "moleculer";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { place, Shop } from "../support/order-releases.ts";

const { answerMs } = times.newerRows;
const { pingMs } = times.call;
afterEach(async () => {
  setTimes({ newerRows: { answerMs }, call: { pingMs } });
  await cleanUp();
});

/** The connection of a node that may be cut in one direction. */
class Connection extends Transporters.Fake {
  /** The node receives nothing, though the others still hear it. */
  isCutOff = false;
  /** The next request does not arrive. */
  losesRequest = false;

  override receive(cmd: string, data: Buffer): Promise<void> | void {
    if (cmd === "REQ" && this.losesRequest) return void (this.losesRequest = false);
    return this.isCutOff ? undefined : super.receive(cmd, data);
  }
}

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
  const connection = new Connection();
  const start = (nodeID = "other") =>
    startBroker(new Shop(release, { fold }).services, {
      ...network,
      nodeID,
      ...(nodeID === "other" && { transporter: connection, middlewares: [asked] }),
    });
  return { store, older, start, connection };
}

/** On its own node: a broker may balance otherwise. */
const on = <Answer>(broker: ServiceBroker, action: string, params: object = {}): Promise<Answer> =>
  broker.call(`orders.${action}`, params, { nodeID: broker.nodeID });

/** The broker knows the table of the node. */
const heardOf = (broker: ServiceBroker, nodeID = "other") =>
  eventually(() => {
    const services = broker.registry.getServiceList({ onlyAvailable: true }) as unknown as object[];
    expect(services).toContainEqual(expect.objectContaining({ name: "orders", nodeID }));
  });

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

  it("waits for that node's answer as long as it responds to pings", async () => {
    setTimes({ newerRows: { answerMs: 20 }, call: { pingMs: 60_000 } });
    const gate = Promise.withResolvers<void>();
    const asked = new Asked(() => gate.promise);
    const { store, older, start } = await nodes({ asked });
    await placeBoth(store, older);
    const other = await start();
    await eventually(async () => expect(await on(other, "count")).toBe(2));
    await heardOf(older);
    const pinged = new Promise((resolve) => older.localBus.once("$node.pong", resolve));
    const read = on(older, "count");
    await pinged;
    gate.resolve();
    expect(await read).toBe(2);
  });

  it("is sent to that node again if the first message was lost", async () => {
    setTimes({ newerRows: { answerMs: 20 }, call: { pingMs: 60_000 } });
    const { store, older, start, connection } = await nodes();
    await placeBoth(store, older);
    const other = await start();
    await eventually(async () => expect(await on(other, "count")).toBe(2));
    await heardOf(older);
    connection.losesRequest = true;
    expect(await on(older, "count")).toBe(2);
    expect(connection.losesRequest).toBe(false);
  });

  it("is served here if that node is silent, and by that node again once it responds to a ping", async () => {
    setTimes({ newerRows: { answerMs: 20 }, call: { pingMs: 50 } });
    const asked = new Asked();
    const { store, older, start, connection } = await nodes({ asked });
    await placeBoth(store, older);
    const other = await start();
    await eventually(async () => expect(await on(other, "count")).toBe(2));
    await heardOf(older);
    connection.isCutOff = true;
    for (const _ of [1, 2, 3]) expect(await on(older, "count")).toBe(1);
    expect(asked.times).toBe(0);
    connection.isCutOff = false;
    await eventually(async () => expect(await on(older, "count")).toBe(2));
  });

  it("is served by a further node of that release if the first one is silent", async () => {
    setTimes({ newerRows: { answerMs: 20 }, call: { pingMs: 50 } });
    const { store, older, start, connection } = await nodes();
    await placeBoth(store, older);
    const others = [await start(), await start("another")];
    for (const other of others) await eventually(async () => expect(await on(other, "count")).toBe(2));
    await heardOf(older, "another");
    connection.isCutOff = true;
    for (const _ of [1, 2, 3]) expect(await on(older, "count")).toBe(2);
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

describe("A node that was rolled back in the place of a newer one", () => {
  const needed = "position 2 needs a release that knows order.placed version 2";

  /** Its table has rows of the newer release, which it cannot fold. */
  async function rolledBack() {
    const network = { namespace: randomUUID(), transporter: "Fake" } satisfies BrokerOptions;
    const onlyCommands = new Shop(2, { log: memory() }).services.filter(({ name }) => name === "order");
    const store = await startBroker(onlyCommands, { ...network, nodeID: "store" });
    const note = (text: string) =>
      store.call("events.append", { stream: "order-1", events: [{ type: "order.noted", payload: { text } }] });
    const table = `sqlite:${newFolder()}/orders.db`;
    const start = (release: 1 | 2, nodeID: string, options = {}) =>
      startBroker(new Shop(release, options).services, { ...network, nodeID });
    const before = await start(2, "older", { table });
    await note("a");
    await place(store, "2", 20);
    await eventually(async () => expect(await store.call("events.count")).toBe(3));
    await note("b");
    await caughtUp(before, "orders");
    const { position } = await on<{ position: number }>(before, "status");
    await before.stop();
    const older = await start(1, "older", { table });
    await eventually(async () => expect(await on(older, "status")).toMatchObject({ state: "waiting" }));
    return { older, position, note, startNewer: (options = {}) => start(2, "newer", options) };
  }

  it("has one position in its status, a cause that explains it, and nothing that is rebuilt", async () => {
    const { older, position, note } = await rolledBack();
    await note("c");
    expect(await on(older, "get", { id: "1" })).toMatchObject({ events: 2 });
    expect(await on(older, "status")).toMatchObject({
      state: "waiting",
      position,
      cause: `reads return rows of another definition, at position ${position}; those of this one wait: ${needed}`,
      failing: { position: 2 },
      rebuilding: null,
      stale: true,
    });
  });

  it("passes reads on to a newer node whose rows are not older than its own", async () => {
    const { older, note, startNewer } = await rolledBack();
    const gate = Promise.withResolvers<void>();
    let folded = 0;
    await startNewer({ fold: () => (folded++ < 2 ? null : gate.promise) });
    await note("c");
    // The newer node has folded position 2, which the older one waits for, but not all that its rows include.
    await eventually(() => expect(folded).toBe(3));
    await heardOf(older, "newer");
    expect(await on(older, "get", { id: "1" })).toMatchObject({ events: 2 });
    gate.resolve();
    await eventually(async () => expect(await on(older, "get", { id: "1" })).toMatchObject({ events: 3 }));
  });
});
