import { Aggregate, Decider, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";
import type { ServiceSchema } from "moleculer";

export type Release = 1 | 2;

export interface LibraryNode {
  transporter: string;
  namespace: string;
  nodeID: string;
  release: Release;
  /** The connection string of the log; without one, another node hosts it. */
  log?: string;
  table: string;
}

/** The second release renames the type of a loan, and nothing else. */
export const lent = { 1: "book.lent", 2: "loan.lent" } as const;

export const consumers = ["loans", "mails", "fees"] as const;

/**
 * The services of a release with a plain catalogue: unknown types are accepted. A process is a loan, of which a fee is charged when it begins.
 * `sendLine` reports the positions that the subscription handles.
 */
export function libraryServices(
  { release, log, table }: LibraryNode,
  sendLine: (...words: unknown[]) => void,
): ServiceSchema[] {
  const made = lent[release];
  const events = EventStore("events", {
    ...(log === undefined ? { host: false } : { adapter: log }),
    events: {
      [made]: { payload: { name: "string" }, ...(release === 2 && { renamedFrom: [lent[1]] }) },
      "book.returned": {},
      "fee.charged": { payload: { id: "string" } },
    },
  });
  const loans = Aggregate("loans", {
    eventStore: events,
    adapter: table,
    fields: { name: "string", isReturned: "boolean" },
    definitionVersion: 1,
    snapshots: false,
  })
    .on(made)
    .create(({ payload }) => ({ name: (payload as { name: string }).name }))
    .on("book.returned")
    .update(() => ({ isReturned: true }));
  const mails = Subscription("mails", {
    eventStore: events,
    on: { [made]: ({ position }) => sendLine("handled", position) },
  });
  const fees = ProcessManager("fees", {
    eventStore: events,
    on: {
      [made]: async ({ id }: { id: string }, { call }) => void (await call("fee.charge", { id })),
      "book.returned": (_, { end }) => end(),
    },
  });
  const loan = Decider("loan", {
    eventStore: events,
    initialState: () => 0,
    commands: {
      make: { params: { name: "string" }, decide: (_, { name }) => ({ type: made, payload: { name } }) },
      return: { decide: () => ({ type: "book.returned" }) },
    },
    evolve: { [made]: (count) => count + 1, "book.returned": (count) => count + 1 },
  });
  return [
    { name: "loan", mixins: [loan.mixin(), loans.mixin(), mails.mixin(), fees.mixin()] },
    { name: "fee", actions: { charge: events.mapAction("fee.charged", { params: { id: "string" } }) } },
  ];
}
