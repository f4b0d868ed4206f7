import { createServer, type AddressInfo } from "node:net";
import { Aggregate, EventStore, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { metricNames } from "../../mixins/observability/metrics.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { named } from "../support/command-of.ts";

afterEach(cleanUp);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

type Transform = (event: RecordedEvent) => unknown;

interface Definition {
  folder?: string;
  transform?: Transform;
  fields?: Record<string, "string" | "integer">;
}

const numbered: Transform = ({ id, position }) => ({ id, n: position });

function thing({ folder = newFolder(), transform = numbered, fields = { n: "integer" } }: Definition = {}) {
  const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const table = Aggregate("table", { eventStore: events, fields, onError: { retries: 0 } })
    .on("thing.**")
    .create(transform as (event: RecordedEvent) => never);
  return { name: "thing", mixins: [events.mixin(), table.mixin()] } satisfies ServiceSchema;
}

/** A broker with Moleculer's own Prometheus reporter, and a function that reads it. */
async function measured(services: ServiceSchema[]): Promise<{ broker: ServiceBroker; read: () => Promise<string[]> }> {
  const port = await freePort();
  const options = { host: "127.0.0.1", port, defaultLabels: () => ({}) };
  const broker = await startBroker(services, { metrics: { enabled: true, reporter: { type: "Prometheus", options } } });
  const read = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    return (await answer.text()).split("\n").filter((line) => line.startsWith("moleculer_eventsourcing_"));
  };
  return { broker, read };
}

const ofStore = '{store="events"}';
const ofPump = `{store="events",consumer="pump",kind="pump"}`;
const ofTable = '{store="events",consumer="table",kind="table"}';

const append = (broker: ServiceBroker, params: object = {}, count = 1, options: object = {}) =>
  broker.call(
    "events.append",
    {
      stream: "thing-1",
      events: Array.from({ length: count }, () => ({ type: "thing.happened", payload: {} })),
      ...params,
    },
    options,
  );

describe("The metrics", () => {
  it("count what is appended, how long it takes, and conflicts", async () => {
    const { broker, read } = await measured([thing()]);
    await eventually(async () => expect(await read()).toContain(`moleculer_eventsourcing_consumer_lag${ofPump} 0`));
    expect(await read()).toContain(`moleculer_eventsourcing_appended_total${ofStore} 0`);
    await append(broker, {}, 3);
    await append(broker, { stream: "thing-2" }, 1, named("once"));
    await append(broker, { stream: "thing-2" }, 1, named("once"));
    for (let n = 0; n < 2; n++) await refusal(() => append(broker, { expectedVersion: "no-stream" }));
    // Refused before they reach the log.
    for (const wrong of [{ stream: "" }, { events: [] }, { unknown: 1 }]) await refusal(() => append(broker, wrong));
    const lines = await read();
    expect(lines).toContain(`moleculer_eventsourcing_appended_total${ofStore} 4`);
    expect(lines).toContain(`moleculer_eventsourcing_conflicts_total${ofStore} 2`);
    expect(lines).toContain(`moleculer_eventsourcing_append_time_count${ofStore} 8`);
    expect(lines).toContain('moleculer_eventsourcing_append_time_bucket{store="events",le="+Inf"} 8');
    const sum = lines.find((line) => line.startsWith("moleculer_eventsourcing_append_time_sum"))!;
    expect(Number(sum.split(" ")[1])).toBeGreaterThan(0);
  });

  it("say how far a table is, what it has folded, and what is parked", async () => {
    const transform: Transform = (event) => {
      if (event.stream === "thing-bad") throw new Error("poison");
      return numbered(event);
    };
    const { broker, read } = await measured([thing({ transform })]);
    await append(broker, {}, 3);
    await append(broker, { stream: "thing-bad" }, 2);
    await caughtUp(broker, "table");
    await eventually(async () => {
      const lines = await read();
      expect(lines).toContain(`moleculer_eventsourcing_consumer_folded_total${ofTable} 3`);
      expect(lines).toContain(`moleculer_eventsourcing_consumer_parked${ofTable} 2`);
      expect(lines).toContain(`moleculer_eventsourcing_consumer_lag${ofTable} 0`);
      expect(lines).toContain(`moleculer_eventsourcing_consumer_rebuild_progress${ofTable} 1`);
    });
    await broker.call("table.pause");
    await append(broker, {}, 4);
    await eventually(async () => expect(await read()).toContain(`moleculer_eventsourcing_consumer_lag${ofTable} 4`));
    await broker.call("table.resume");
    await caughtUp(broker, "table");
    await eventually(async () => {
      const lines = await read();
      expect(lines).toContain(`moleculer_eventsourcing_consumer_lag${ofTable} 0`);
      expect(lines).toContain(`moleculer_eventsourcing_consumer_folded_total${ofTable} 7`);
    });
  });

  it("count what subscriptions and process managers have handled", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const on = {
      "thing.**": ({ stream }: RecordedEvent) => {
        if (stream === "thing-bad") throw new Error("poison");
      },
    };
    const shared = { eventStore: events, on, onError: { retries: 0 } };
    const watch = Subscription("watch", shared);
    const manager = ProcessManager("manager", { ...shared, correlate: ({ stream }) => stream });
    const { broker, read } = await measured([
      { name: "thing", mixins: [events.mixin(), watch.mixin(), manager.mixin()] },
    ]);
    await append(broker, {}, 3);
    await append(broker, { stream: "thing-bad" }, 2);
    await append(broker, { stream: "thing-2" }, 4);
    for (const [name, kind] of [
      ["watch", "subscription"],
      ["manager", "process"],
    ] as const) {
      await caughtUp(broker, name);
      const folded = `moleculer_eventsourcing_consumer_folded_total{store="events",consumer="${name}",kind="${kind}"} 7`;
      await eventually(async () => expect(await read()).toContain(folded));
    }
  });

  it("show a table's lag while one transform holds it up", async () => {
    const held = Promise.withResolvers<void>();
    const { broker, read } = await measured([
      thing({ transform: async (event) => (await held.promise, numbered(event)) }),
    ]);
    for (let n = 1; n <= 5; n++) await append(broker);
    await eventually(async () => expect(await read()).toContain(`moleculer_eventsourcing_consumer_lag${ofTable} 5`));
    held.resolve();
    await caughtUp(broker, "table");
  });

  it("show the pump's lag while it is paused, and while a listener holds it up", async () => {
    const held = Promise.withResolvers<void>();
    const listener: ServiceSchema = {
      name: "listener",
      events: {
        async "thing.happened"(ctx: Context<RecordedEvent>) {
          if (ctx.params.position === 4) await held.promise;
        },
      },
    };
    const { broker, read } = await measured([thing(), listener]);
    const pumpLag = (lag: number) =>
      eventually(async () => expect(await read()).toContain(`moleculer_eventsourcing_consumer_lag${ofPump} ${lag}`));
    await broker.call("events.pausePump");
    await append(broker, {}, 3);
    await pumpLag(3);
    await broker.call("events.resumePump");
    await pumpLag(0);
    await append(broker);
    await append(broker, {}, 6);
    await pumpLag(7);
    held.resolve();
    await pumpLag(0);
  });

  it("follow a new table while it is folded beside the old one", async () => {
    const folder = newFolder();
    const one = await startBroker([thing({ folder })]);
    await append(one, {}, 4);
    await caughtUp(one, "table");
    await one.stop();
    const held = Promise.withResolvers<void>();
    const transform: Transform = async ({ id, position }) => {
      if (position === 4) await held.promise;
      // Longer than a batch may take, so that earlier events are committed.
      else if (position === 3) for (const end = performance.now() + 25; performance.now() < end;);
      return { id, n: position, name: "x" };
    };
    const { broker, read } = await measured([thing({ folder, transform, fields: { n: "integer", name: "string" } })]);
    const progress = (share: number) =>
      eventually(async () =>
        expect(await read()).toContain(`moleculer_eventsourcing_consumer_rebuild_progress${ofTable} ${share}`),
      );
    await progress(0.75);
    held.resolve();
    await progress(1);
    await caughtUp(broker, "table");
  });

  it("do not know the lag, instead of calling it none, once a consumer has stopped", async () => {
    const { broker, read } = await measured([thing()]);
    await append(broker);
    await caughtUp(broker, "table");
    await broker.destroyService("thing");
    expect(await read()).toEqual(
      expect.arrayContaining([
        `moleculer_eventsourcing_consumer_lag${ofTable} NaN`,
        `moleculer_eventsourcing_consumer_lag${ofPump} NaN`,
      ]),
    );
  });

  it("are registered once: another service, or one that comes back, resets nothing", async () => {
    const definition = thing();
    const { broker, read } = await measured([definition]);
    await append(broker, {}, 2);
    await broker.destroyService("thing");
    broker.createService(definition);
    broker.createService({
      name: "other",
      mixins: [EventStore("others", { adapter: `sqlite:${newFolder()}/others.db` }).mixin()],
    });
    await broker.waitForServices(["events", "others"], 0, 5);
    await append(broker);
    const lines = await read();
    expect(lines).toContain(`moleculer_eventsourcing_appended_total${ofStore} 3`);
    expect(lines).toContain('moleculer_eventsourcing_appended_total{store="others"} 0');
  });

  it("are not there where the broker keeps none", async () => {
    const broker = await startBroker([thing()]);
    await append(broker);
    await caughtUp(broker, "table");
    for (const name of Object.values(metricNames)) expect(broker.metrics.hasMetric(name)).toBe(false);
  });
});
