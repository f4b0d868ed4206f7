import { EventStore, type Trace, type TraceNode } from "moleculer-event-sourcing";
import type { Context, ServiceBroker } from "moleculer";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { openParams } from "../support/open-params.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const trace = (broker: ServiceBroker, correlationId: string): Promise<Trace> =>
  broker.call("events.trace", { correlationId });

interface EventInput {
  correlationId: string;
  causationId?: string;
}

/** Appends to one stream, 2,000 events per call, with the given request of each. */
async function append(broker: ServiceBroker, metas: readonly EventInput[], command?: object): Promise<void> {
  for (let at = 0; at < metas.length; at += 2000)
    await broker.call(
      "$events.append",
      {
        stream: "thing-1",
        command,
        events: metas.slice(at, at + 2000).map((meta) => ({ type: "thing.happened", payload: {}, meta })),
      },
      spoken,
    );
}

const typesOf = (nodes: readonly TraceNode[]): unknown[] =>
  nodes.map((node) => [node.kind === "event" ? node.type : "command", typesOf(node.caused)]);

describe.each(["memory", "sqlite"])("The trace of a request (%s)", (engine) => {
  const storeHere = () =>
    EventStore("events", { adapter: engine === "memory" ? "memory:" : `sqlite:${newFolder()}/events.db` });
  const brokerHere = () => startBroker([{ name: "thing", mixins: [storeHere().mixin()] }]);

  it("is the tree of its events, from the call through listeners that store more", async () => {
    const events = storeHere();
    const broker = await startBroker([
      {
        name: "order",
        mixins: [events.mixin()],
        actions: {
          place: events.mapAction("order.placed", { params: openParams }),
          async checkOut(ctx: Context) {
            await ctx.call("order.place", { id: 1 });
            await ctx.call("order.place", { id: 2 });
          },
        },
        events: { "order.placed": events.mapEvent("mail.sent"), "mail.sent": events.mapEvent("mail.noted") },
      },
    ]);
    await broker.call("order.checkOut", {}, { requestID: "request-1" });
    await broker.call("order.place", { id: 3 }, { requestID: "request-2" });
    const found = await eventually(async () => {
      const answer = await trace(broker, "request-1");
      expect(answer.events).toBe(6);
      return answer;
    });
    const branch = ["command", [["order.placed", [["mail.sent", [["mail.noted", []]]]]]]];
    expect(typesOf(found.tree)).toEqual([branch, branch]);
    expect(found.end).toBe(true);
    expect(found.tree).toMatchObject([
      { kind: "command", name: null, caused: [{ kind: "event", stream: "order-1", version: 1 }] },
      { kind: "command", name: null, caused: [{ kind: "event", stream: "order-2", version: 1 }] },
    ]);
  });

  it("names the commands that stored them", async () => {
    const broker = await brokerHere();
    const command = { id: "c1", name: "account.deposit" };
    const metas = ["request-1", "request-2", "request-1"].map((correlationId) => ({
      correlationId,
      causationId: "call",
    }));
    await append(broker, metas, command);
    expect(await trace(broker, "request-1")).toMatchObject({
      correlationId: "request-1",
      events: 2,
      tree: [{ kind: "command", ...command, caused: [{ position: 1 }, { position: 3 }] }],
    });
  });

  it("is empty for a request that stored nothing", async () => {
    const broker = await brokerHere();
    const none = { correlationId: "nobody", events: 0, tree: [], end: true };
    expect(await trace(broker, "nobody")).toEqual({ ...none, position: 0 });
    await append(broker, [{ correlationId: "somebody" }]);
    expect(await trace(broker, "nobody")).toEqual({ ...none, position: 1 });
  });

  it("is found wherever its events stand in a long log", async () => {
    const broker = await brokerHere();
    const metas = Array.from({ length: 25_000 }, () => ({ correlationId: "other", causationId: "call" }));
    for (const at of [0, 9_999, 10_000, 19_999, 20_000, 24_999])
      metas[at] = { correlationId: "request-1", causationId: "call" };
    for (let at = 12_000; at < 12_250; at++) metas[at] = { correlationId: "request-1", causationId: "call" };
    await append(broker, metas);
    const { events, tree } = await trace(broker, "request-1");
    expect(events).toBe(256);
    const positions = tree[0]!.caused.map((node) => node.kind === "event" && node.position);
    expect(positions).toEqual(metas.flatMap((meta, at) => (meta.correlationId === "request-1" ? [at + 1] : [])));
  });

  it("ends after 10,000 events, and says so", async () => {
    const broker = await brokerHere();
    await append(
      broker,
      Array.from({ length: 10_000 }, () => ({ correlationId: "request-1", causationId: "call" })),
    );
    expect(await trace(broker, "request-1")).toMatchObject({ position: 10_000, end: true });
    await append(broker, [{ correlationId: "request-1", causationId: "call" }]);
    const { events, tree, end } = await trace(broker, "request-1");
    expect([events, tree[0]!.caused.length, end]).toEqual([10_000, 10_000, false]);
  });

  it("of a loop that does not end is still an answer that JSON can carry", async () => {
    const broker = await brokerHere();
    let causationId = "call";
    const id = (n: number) => `0190a0b0-0000-7000-8000-${String(n).padStart(12, "0")}`;
    const appended = Array.from({ length: 3000 }, (_, n) => {
      const command = { id: `c${n}`, name: "a.b" };
      const event = { id: id(n), type: "a", payload: 0, meta: { correlationId: "loop", causationId } };
      causationId = id(n);
      return broker.call("$events.append", { stream: "a", events: [event], command }, spoken);
    });
    await Promise.all(appended);
    const found = await trace(broker, "loop");
    expect(found).toMatchObject({ events: 500, end: false });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it("is refused without a request's id", async () => {
    const broker = await brokerHere();
    for (const params of [{}, { correlationId: "" }, { correlationId: 5 }, { correlationId: "x", limit: 1 }])
      expect(await refusal(() => broker.call("events.trace", params))).toMatchObject({ type: "VALIDATION_ERROR" });
  });
});
