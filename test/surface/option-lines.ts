import { Aggregate, Decider, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { moleculerDb } from "moleculer-event-sourcing/adapters/moleculer-db";
import { mongodb } from "moleculer-event-sourcing/adapters/mongodb";
import { nats } from "moleculer-event-sourcing/adapters/nats";
import { postgres } from "moleculer-event-sourcing/adapters/postgres";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import { engines } from "../../adapters/engines.ts";
import { ownOptions } from "../../adapters/mongodb/connection-string.ts";
import { knownNames, unknown } from "./known-names.ts";

const given = unknown as never;
const eventStore = EventStore("surface", { adapter: memory() });
const on = { "order.placed": () => {} };
const commands = { place: { decide: () => null } };
const decider = { eventStore, initialState: () => ({}), commands, evolve: { "order.placed": () => ({}) } };

const factories: Record<string, () => unknown> = {
  EventStore: () => EventStore("one", given),
  "EventStore.events.<type>": () => EventStore("one", { events: { "order.placed": given } }),
  "EventStore.pump": () => EventStore("one", { pump: given }),
  "EventStore.maxPending": () => EventStore("one", { maxPending: given }),
  Aggregate: () => Aggregate("one", given),
  "Aggregate.fields.<field>": () => Aggregate("one", { eventStore, fields: { total: given } }),
  "Aggregate.onError": () =>
    Aggregate("one", { eventStore, fields: { total: "number" }, adapter: memory(), onError: given }),
  "Aggregate.snapshots": () =>
    Aggregate("one", { eventStore, fields: { total: "number" }, adapter: memory(), snapshots: given }),
  Decider: () => Decider("one", given),
  "Decider.stateSnapshots": () => Decider("one", { ...decider, stateSnapshots: given }),
  "Decider.claims.<claim>": () => Decider("one", { ...decider, claims: { code: given } }),
  ProcessManager: () => ProcessManager("one", given),
  "ProcessManager.onError": () => ProcessManager("one", { eventStore, on, correlate: () => "1", onError: given }),
  Subscription: () => Subscription("one", given),
  "Subscription.onError": () => Subscription("one", { eventStore, on, onError: given }),
  moleculerDb: () => moleculerDb(() => ({}), given),
  mongodb: () => mongodb("mongodb://localhost/shop", given),
  nats: () => nats("nats://localhost", given),
  postgres: () => postgres("postgres://localhost/shop", given),
  sqlite: () => sqlite("shop.db", given),
};

/** The options of each factory, from the errors that name them. */
export const optionLines = (): string[] =>
  Object.entries(factories).map(([name, make]) => `${name}: ${known(make).join(", ")}`);

/** What follows a scheme, if that is no URL with a path. */
const places: Record<string, string> = { sqlite: "shop.db", memory: "shop", nats: "//localhost" };

/** The schemes of connection strings, each with its query options. */
export const schemeLines = (): string[] =>
  Object.keys(engines.byScheme)
    .toSorted()
    .map((scheme) => {
      const place = places[scheme] ?? "//localhost/shop";
      const options = scheme.startsWith("mongodb")
        ? [...ownOptions.toSorted(), "or an option of the driver"]
        : known(() => engines.byScheme[scheme]!(`${scheme}:${place}?$surface=1`));
      return `${scheme}: ${options.join(", ")}`;
    });

function known(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    return knownNames(error);
  }
  throw new Error(`found an unknown option accepted by ${make.toString()}`);
}
