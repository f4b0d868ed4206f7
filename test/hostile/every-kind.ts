import { setTimeout as later } from "node:timers/promises";
import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, eventually } from "../support/broker.ts";
import { openParams } from "../support/open-params.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

export interface Places {
  log: string;
  table: string;
  snapshots?: string;
}

interface Account {
  isOpen: boolean;
  balance: number;
}

const idOf = ({ stream }: Pick<RecordedEvent, "stream">) => stream.slice("account-".length);

/** A service of every kind of this package, and the actions that they call. */
export function everyKind({ log, table, snapshots }: Places): ServiceSchema[] {
  const events = EventStore("events", {
    adapter: log,
    events: {
      "account.opened": { payload: { owner: "string", email: "string" } },
      "account.deposited": { payload: { amount: "number" } },
      "thing.noted": { payload: { id: "string?", text: "string?" } },
      "thing.touched": { payload: { $$root: true, type: "any" } },
    },
  });
  const accounts = Aggregate("accounts", {
    eventStore: events,
    adapter: table,
    ...(snapshots !== undefined && { snapshots: { folder: snapshots } }),
    fields: {
      owner: { type: "string", index: true },
      balance: "integer",
      opened: "date",
      tags: "array",
      more: "object",
    },
    onError: { retries: 0, delayMs: 1 },
  })
    .on("account.opened")
    .create(({ stream, time, payload }) => {
      const { owner } = payload;
      return {
        id: stream.slice("account-".length),
        owner,
        balance: 0,
        opened: time,
        tags: ["new", owner],
        more: { owner },
      };
    })
    .on("account.deposited")
    .update("teller.deposited");
  const account = Decider("account", {
    eventStore: events,
    initialState: (): Account => ({ isOpen: false, balance: 0 }),
    stateSnapshots: { every: 2 },
    claims: { email: { claim: { "account.opened": ({ payload }) => payload.email } } },
    commands: {
      open: {
        params: { owner: "string", email: "string" },
        decide: ({ isOpen }, { owner, email }) => (isOpen ? [] : { type: "account.opened", payload: { owner, email } }),
      },
      deposit: {
        params: { amount: "number|integer|positive" },
        decide: (_, { amount }) => ({ type: "account.deposited", payload: { amount } }),
      },
    },
    evolve: {
      "account.opened": (state) => ({ ...state, isOpen: true }),
      "account.deposited": (state, { payload }) => ({
        ...state,
        balance: state.balance + payload.amount,
      }),
    },
  });
  const greetings = ProcessManager("greetings", {
    eventStore: events,
    correlate: idOf,
    initialState: () => ({ greeted: 0 }),
    onError: { retries: 0, delayMs: 1 },
    on: {
      "account.opened": (_event, { schedule }) => {
        schedule("reminder", 3_600_000);
        return { greeted: 1 };
      },
      "account.deposited": (_event, { state }) => state,
    },
    deadlines: { reminder: () => {} },
  });
  const watch = Subscription("watch", {
    eventStore: events,
    onError: { retries: 0, delayMs: 1 },
    on: { "account.**": () => {} },
  });
  const teller: ServiceSchema = {
    name: "teller",
    actions: {
      deposited: {
        async handler(ctx) {
          const event = ctx.params as unknown as RecordedEvent<string, { amount: number }>;
          const row: { balance: number } | null = await ctx.call("accounts.resolve", { id: idOf(event) });
          return { id: idOf(event), balance: (row?.balance ?? 0) + event.payload.amount };
        },
      },
    },
  };
  return [
    teller,
    { name: "account", mixins: [events.mixin(), account.mixin()] },
    {
      name: "thing",
      mixins: [events.mixin(), accounts.mixin(), greetings.mixin(), watch.mixin()],
      actions: {
        note: events.mapAction("thing.noted", { params: { id: "string", text: { type: "string", default: "none" } } }),
        touch: events.mapAction("thing.touched", { params: openParams }),
      },
    },
  ];
}

/** Uses everything once correctly. */
export async function use(broker: ServiceBroker): Promise<void> {
  const call = (action: string, params: object = {}) => broker.call<unknown, object>(action, params, spoken);
  await call("account.open", { id: "1", owner: "Ann", email: "ann@example.org" });
  await call("account.deposit", { id: "1", amount: 5 });
  await call("account.deposit", { id: "1", amount: 6 });
  await call("thing.note", { id: "7", text: "seven" });
  await call("thing.touch", { id: "8", deep: { list: [1, { two: 2 }] } });
  await call("events.append", {
    stream: "thing-9",
    expectedVersion: "no-stream",
    events: [
      {
        id: "0198c5a2-5f00-7000-8000-000000000009",
        type: "thing.noted",
        payload: { text: "nine" },
        meta: { user: "x" },
      },
    ],
  });
  await call("events.append", { stream: "thing-10", events: [{ type: "thing.noted", payload: {} }] });
  await caughtUp(broker, "accounts");
  const list = {
    query: { owner: "Ann", "more.owner": { $in: ["Ann"] } },
    sort: "-balance",
    page: 1,
    pageSize: 5,
    fields: ["id"],
  };
  await call("accounts.list", list);
  await call("accounts.find", {
    query: { tags: "new", balance: { $gte: 1 } },
    limit: 5,
    offset: 0,
    search: "an",
    searchFields: ["owner"],
  });
  await call("accounts.count", { query: { $or: [{ owner: { $regex: "^A" } }, { balance: 0 }] } });
  await call("accounts.get", { id: "1" });
  await call("accounts.resolve", { id: ["1", "2"], mapping: true });
  await call("accounts.at", { position: 2, query: { owner: "Ann" } });
  await call("accounts.whatIf", {
    inject: [{ type: "account.deposited", stream: "account-1", payload: { amount: 3 } }],
    skip: { type: "thing.*" },
    query: { owner: "Ann" },
  });
  await call("accounts.verify");
  await call("events.find", { query: { type: "account.opened", "payload.owner": "Ann" }, limit: 3 });
  await call("events.read", { after: 0, limit: 10, types: ["account.*"], category: "account" });
  await call("events.read", { stream: "account-1", afterVersion: 1 });
  await call("events.link", { stream: "all", ids: ["0198c5a2-5f00-7000-8000-000000000009"] });
  await call("$events.positionAt", { time: new Date().toISOString() });
  await call("account.state", { id: "1", version: 1 });
  await call("account.history", { id: "1", limit: 2 });
  await call("account.dryRun", { command: "deposit", params: { id: "1", amount: 1 } });
  for (const consumer of ["watch", "greetings"])
    await eventually(async () => {
      const { lag }: { lag: number } = await broker.call(`${consumer}.status`);
      if (lag !== 0) throw new Error(`${consumer} lags`);
    });
  // Renewed leases and checkpoints are sampled, too.
  await later(50);
}
