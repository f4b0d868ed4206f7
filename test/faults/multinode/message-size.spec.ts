import { randomUUID } from "node:crypto";
import { createServer, type AddressInfo } from "node:net";
import type { BrokerOptions, ServiceBroker } from "moleculer";
import { Aggregate, Decider, EventStore } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, newFolder, refusal, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { nodeOptions } from "./node-options.ts";

afterEach(cleanUp);

const kiB = (count: number) => "x".repeat(count * 1024);
const tooLarge = (field: string) => ({
  type: "EVENT_TOO_LARGE",
  code: 413,
  data: { field, actual: expect.any(Number) as number, expected: 900 * 1024 },
});
const answerTooLarge = (action: string) => ({
  type: "ANSWER_TOO_LARGE",
  code: 413,
  data: { action, actual: expect.any(Number) as number, expected: 900 * 1024 },
});

/** The store and a table on one node; commands that store events on another. */
async function twoNodes(options: (nodeID: string) => BrokerOptions): Promise<{ a: ServiceBroker; b: ServiceBroker }> {
  const folder = newFolder();
  const hosted = EventStore("events", { adapter: `sqlite:${folder}/events.db`, maxEventBytes: 8 * 1024 * 1024 });
  const remote = EventStore("events", { adapter: `sqlite:${folder}/events.db`, host: false });
  const table = Aggregate("things", { eventStore: hosted, fields: { text: "string" } })
    .on("thing.noted")
    .create(({ id, payload }) => ({ id, text: payload["text"] as string }));
  const decider = (name: string, eventStore: typeof hosted) =>
    Decider(name, {
      eventStore,
      initialState: () => "",
      commands: {
        note: {
          params: { text: "string", times: "number" },
          decide: (_, { text, times }) =>
            Array.from({ length: times }, () => ({ type: `${name}.noted`, payload: { text } })),
        },
      },
      evolve: {
        [`${name}.noted`]: (_state: string, event: { payload: { text?: unknown } }) => String(event.payload.text),
      },
    });
  const near = decider("near", hosted);
  const far = decider("far", remote);
  const a = await startBroker(
    [
      { name: "keeper", mixins: [hosted.mixin(), table.mixin()] },
      { name: "near", mixins: [near.mixin()] },
    ],
    options("A"),
  );
  const b = await startBroker(
    [
      { name: "far", mixins: [far.mixin()] },
      { name: "commands", actions: { note: remote.mapAction("thing.noted", { stream: "things" }) } },
    ],
    options("B"),
  );
  await Promise.all([b.waitForServices(["events", "things", "near"]), a.waitForServices(["far", "commands"])]);
  return { a, b };
}

function checks(options: () => (nodeID: string) => BrokerOptions): void {
  it("refuses an event that a mapped action, or a decider, would send to another node, and goes on", async () => {
    const { a, b } = await twoNodes(options());
    expect(await refusal(() => b.call("commands.note", { text: kiB(1100) }))).toMatchObject(
      tooLarge("commands.note: events"),
    );
    expect(await refusal(() => b.call("far.note", { id: "1", text: kiB(300), times: 4 }))).toMatchObject(
      tooLarge("far.note: events"),
    );
    expect(
      await refusal(() => b.call("far.dryRun", { command: "note", params: { id: "1", text: kiB(300), times: 4 } })),
    ).toMatchObject(tooLarge("far.note: events"));
    expect(await a.call("events.count")).toBe(0);
    await b.call("commands.note", { text: kiB(800) });
    expect(await a.call("events.count")).toBe(1);
  });

  it("stores it where the store is on the same node, and says which answers another node cannot have", async () => {
    const { a, b } = await twoNodes(options());
    await a.call("near.note", { id: "1", text: kiB(300), times: 4 });
    for (const text of [kiB(500), kiB(500)])
      await a.call("events.append", { stream: "things", events: [{ type: "thing.noted", payload: { text } }] });
    await caughtUp(a, "things");
    expect(await refusal(() => b.call("near.note", { id: "2", text: kiB(300), times: 4 }))).toMatchObject(
      tooLarge("events"),
    );
    expect(await a.call("events.count")).toBe(6);
    expect(await refusal(() => b.call("events.find"))).toMatchObject(answerTooLarge("events.find"));
    expect(await refusal(() => b.call("events.list"))).toMatchObject(answerTooLarge("events.list"));
    expect(await refusal(() => b.call("things.find"))).toMatchObject(answerTooLarge("things.find"));
    expect(await refusal(() => b.call("things.at", { position: 6 }))).toMatchObject(answerTooLarge("things.at"));
    expect(
      await refusal(() => b.call("near.dryRun", { command: "note", params: { id: "3", text: kiB(300), times: 4 } })),
    ).toMatchObject(answerTooLarge("near.dryRun"));
    expect(await b.call("events.find", { limit: 1 })).toHaveLength(1);
    expect(await a.call("things.find")).toHaveLength(2);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

describeWith("nats-server", "A message between nodes over NATS", (server) => {
  checks(() => {
    const namespace = randomUUID();
    return (nodeID) => ({ ...nodeOptions(server().url, namespace, nodeID), requestTimeout: 30_000 });
  });
});

describe("A message between nodes over TCP", () => {
  const ports = { A: 0, B: 0 };
  beforeEach(async () => {
    ports.A = await freePort();
    ports.B = await freePort();
  });
  checks(() => {
    const namespace = randomUUID();
    const urls = Object.entries(ports).map(([node, port]) => `127.0.0.1:${port}/${node}`);
    return (nodeID) => ({
      nodeID,
      namespace,
      requestTimeout: 30_000,
      transporter: {
        type: "TCP",
        options: { udpDiscovery: false, port: ports[nodeID as "A" | "B"], urls: urls.join(",") },
      },
    });
  });
});
