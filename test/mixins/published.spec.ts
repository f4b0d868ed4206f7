import { readFileSync } from "node:fs";
import { Aggregate, Decider, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";
import type { ActionSchema } from "moleculer";
import type { guardActions } from "../../mixins/service/boundary.ts";
import { cleanUp, newBroker, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const events = EventStore("events", { adapter: "memory:" });
const things = Aggregate("things", { eventStore: events, adapter: "memory:", fields: { n: "integer" } })
  .on("thing.made")
  .create(({ payload }) => payload as object);
const thing = Decider("thing", {
  eventStore: events,
  initialState: () => ({}),
  commands: { make: { params: { n: "number" }, decide: (_, { n }) => ({ type: "thing.made", payload: { n } }) } },
  evolve: { "thing.made": (state) => state },
});
const mails = Subscription("mails", { eventStore: events, on: { "thing.made": () => {} } });
const orders = ProcessManager("orders", {
  eventStore: events,
  initialState: () => ({}),
  on: { "thing.made": () => {} },
});
const service = {
  name: "thing",
  mixins: [events.mixin(), things.mixin(), thing.mixin(), mails.mixin(), orders.mixin()],
};

type Published = ActionSchema & { description?: string; mcp?: unknown };

describe("What the registry shows of a service", () => {
  it("is its role, its store, and this package", async () => {
    const broker = await startBroker([service]);
    const metadataOf = (name: string) => broker.getLocalService(name).metadata as Record<string, unknown>;
    const $package = { name: "moleculer-event-sourcing", version };
    const shown = {
      events: "store",
      things: "table",
      thing: "decider",
      mails: "subscription",
      orders: "process-manager",
    };
    for (const [name, role] of Object.entries(shown)) {
      expect(metadataOf(name)).toMatchObject({ $package, $eventSourcing: { role, store: "events" } });
      expect(metadataOf(name)).not.toHaveProperty("$official");
    }
    expect(metadataOf("things")["$description"]).toBe("Read table of the event store events");
  });

  it("describes every action but those of the user, with its params", async () => {
    const broker = await startBroker([service]);
    const listed = broker.registry.getActionList({ onlyLocal: true, skipInternal: true }) as unknown as {
      name: string;
      action: Published;
    }[];
    const undescribed = listed.filter(({ action }) => !action.description || !("mcp" in action));
    expect(undescribed.map(({ name }) => name)).toEqual(["thing.make"]);
    // The store checks the params of `append` itself.
    expect(listed.filter(({ action }) => !action.params).map(({ name }) => name)).toEqual(["events.append"]);
    const tools = listed.filter(({ action }) => action.mcp !== false && action.mcp !== undefined);
    for (const { action } of tools) expect(action.mcp).toEqual({ annotations: { readOnlyHint: true } });
    const names = (of: string) =>
      tools.flatMap(({ name }) => (name.startsWith(`${of}.`) ? name.slice(of.length + 1) : [])).toSorted();
    const reads = ["count", "find", "get", "list", "resolve"];
    expect(names("events")).toEqual([...reads, "read", "status", "streams", "trace", "verify"].toSorted());
    expect(names("things")).toEqual([...reads, "at", "parked", "snapshots", "status", "verify", "whatIf"].toSorted());
    expect(names("thing")).toEqual(["dryRun", "history", "state"]);
    expect(names("mails")).toEqual(["parked", "status"]);
    expect(names("orders")).toEqual(["parked", "processes", "status"]);
  });

  it("is changed by the definition", async () => {
    const store = EventStore("mine", {
      adapter: "memory:",
      actions: { append: { mcp: true, description: "Stores what happened." }, find: { mcp: false } },
    });
    const broker = await startBroker([{ name: "user", mixins: [store.mixin()] }]);
    const { append, find } = broker.getLocalService("mine").schema.actions as Record<string, Published>;
    expect(append).toMatchObject({ mcp: true, description: "Stores what happened.", visibility: "public" });
    expect(find).toMatchObject({ mcp: false, description: expect.stringContaining("Finds events") as string });
  });
});

describe("Two copies of this package on one broker", () => {
  it("are refused, with the versions", async () => {
    const copy: string = "../../mixins/service/boundary.ts?copy";
    const other = (await import(copy)) as { guardActions: typeof guardActions };
    const broker = newBroker();
    other.guardActions(broker);
    other.guardActions(broker);
    expect(() => broker.createService(service)).toThrow(
      `moleculer-event-sourcing: found two copies of the package on one broker, versions ${version} and ${version}, ` +
        "expected one: `npm ls moleculer-event-sourcing` shows where they come from",
    );
  });
});
