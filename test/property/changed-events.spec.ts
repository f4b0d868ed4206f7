import * as fc from "fast-check";
import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type EventCatalogue,
} from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { law } from "./law.ts";

afterEach(cleanUp);

interface Event {
  type: string;
  payload: Record<string, unknown>;
}

/** What the older form of an event becomes: it was renamed, and is kept, split or dropped by its amounts. */
const newForm = (amounts: readonly number[]): Event[] =>
  amounts.map((n) =>
    n < 5 ? { type: "money.in", payload: { n, by: `p${n % 2}` } } : { type: "money.out", payload: { n } },
  );

const events: EventCatalogue = {
  "money.moved": {
    renamedFrom: ["cash.moved"],
    schemaVersion: 3,
    upcasters: {
      1: ({ list }: Record<string, unknown>) => ({ amounts: list }),
      2: {
        to: ["money.in", "money.out"],
        upcast: ({ amounts }: Record<string, unknown>) => newForm(amounts as number[]),
      },
    },
  },
  "money.in": { renamedFrom: ["cash.in"], payload: { n: "number", by: "string" } },
  "money.out": { payload: { n: "number" } },
};

/** A store in its own folder, with consumers of every kind. */
async function start() {
  const folder = newFolder();
  const handled: string[] = [];
  const store = EventStore("events", { adapter: `sqlite:${folder}/events.db`, events: events, transferFolder: folder });
  const numberOf = ({ payload }: { payload: unknown }) => (payload as { n: number }).n;
  const sums = Aggregate("sums", { eventStore: store, adapter: "memory:", fields: { sum: "integer" } })
    .on("money.*")
    .update((event, { row }) => ({ sum: (row?.sum ?? 0) * 2 + numberOf(event) }));
  const mails = Subscription("mails", {
    eventStore: store,
    on: { "money.in": (event) => void handled.push(`${event.stream} ${numberOf(event)}`) },
  });
  const people = ProcessManager("people", {
    eventStore: store,
    correlate: ({ payload }) => (payload as { by?: string }).by ?? "nobody",
    initialState: () => [] as number[],
    on: { "money.*": (event, { state }) => [...state, numberOf(event)] },
  });
  const money = Decider("money", {
    eventStore: store,
    initialState: () => [] as number[],
    commands: { take: { decide: () => ({ type: "money.out", payload: { n: 9 } }) } },
    evolve: {
      "money.in": (state, event) => [...state, numberOf(event)],
      "money.out": (state, event) => [...state, -numberOf(event)],
      "money.moved": (state) => state,
    },
    stateSnapshots: { every: 1 },
    claims: { by: { claim: { "money.in": (event, { id }) => `${id} ${(event.payload as { by: string }).by}` } } },
  });
  const services: ServiceSchema[] = [
    { name: "money", mixins: [money.mixin(), sums.mixin(), mails.mixin(), people.mixin()] },
  ];
  return { broker: await startBroker(services), handled, folder };
}

const append = (broker: ServiceBroker, stream: string, list: readonly object[]) =>
  broker.call("events.append", { stream, events: list });

/** Everything that readers get, apart from ids and positions. */
async function seen({ broker, handled }: Awaited<ReturnType<typeof start>>, streams: readonly string[]) {
  for (const name of ["sums", "mails", "people"])
    await eventually(async () =>
      expect(await broker.call(`${name}.status`)).toMatchObject({ lag: 0, parked: 0, cause: null }),
    );
  const read = async (params: object) => {
    const page = await broker.call<{ events: Event[] }, object>("events.read", params);
    return page.events.map(({ type, payload }) => [type, payload]);
  };
  const queries = [{}, { type: "money.in" }, { type: { $ne: "money.in" } }, { type: { $regex: "^cash" } }];
  const { processes } = await broker.call<{ processes: { id: string; state: unknown }[] }>("people.processes");
  const states = streams.map((stream) =>
    broker.call<{ state: unknown }, object>("money.state", { id: stream.slice(6) }),
  );
  return {
    read: [await read({}), await read({ types: "money.in" }), await read({ types: "cash.*" })],
    counts: await Promise.all(queries.map((query) => broker.call("events.count", { query }))),
    rows: await broker.call("sums.find", { sort: "id" }),
    handled,
    processes: processes.map(({ id, state }) => [id, state]),
    states: (await Promise.all(states)).map(({ state }) => state),
    verified: await broker.call("sums.verify").then((answer) => (answer as { ok: boolean }).ok),
  };
}

const stored = fc.record({
  stream: fc.constantFrom("money-a", "money-b"),
  amounts: fc.array(fc.nat(9), { maxLength: 3 }),
  form: fc.constantFrom("cash.moved", "money.moved", "cash.in", "new"),
});

describe("A log of events that were renamed, split and dropped", () => {
  law(
    "is for every reader the log that was written in the new form, also after an export and an import",
    8,
    fc.asyncProperty(fc.array(stored, { maxLength: 8 }), async (log) => {
      const [old, plain, copy] = [await start(), await start(), await start()];
      for (const { stream, amounts, form } of log) {
        const now = form === "cash.in" ? newForm(amounts).filter(({ type }) => type === "money.in") : newForm(amounts);
        const then =
          form === "cash.moved"
            ? [{ type: form, payload: { list: amounts }, meta: { schemaVersion: 1 } }]
            : form === "money.moved"
              ? [{ type: form, payload: { amounts }, meta: { schemaVersion: 2 } }]
              : form === "cash.in"
                ? now.map(({ payload }) => ({ type: form, payload }))
                : now;
        if (then.length > 0) await append(old.broker, stream, then);
        if (now.length > 0) await append(plain.broker, stream, now);
      }
      const streams = ["money-a", "money-b"];
      const expected = await seen(plain, streams);
      expect(await seen(old, streams)).toEqual(expected);
      const { path } = await old.broker.call<{ path: string }, object>("events.export", { to: "log.jsonl" });
      copyFileSync(path, join(copy.folder, "log.jsonl"));
      await copy.broker.call("events.import", { from: "log.jsonl" });
      expect(await seen(copy, streams)).toEqual(expected);
      for (const { broker } of [old, plain, copy]) await broker.stop();
    }),
  );
});
