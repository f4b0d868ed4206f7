import * as fc from "fast-check";
import { Decider, EventStore, type StoredAnswer, type RecordedEvent } from "moleculer-event-sourcing";
import type { Context, Middleware, ServiceBroker } from "moleculer";
import { cleanUp, startBroker } from "../support/broker.ts";
import { failingLog, type Fate } from "../support/failing-log.ts";
import { InsufficientFunds } from "../mixins/decider-account.ts";
import { law } from "./law.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

interface Purse {
  balance: number;
  count: number;
  /** A value of the last event that the case stores. */
  mark: unknown;
}

/** Every event contains the state that it was decided on, so that a wrong one is visible. */
interface Change {
  amount: number;
  bonus?: number;
  before: Purse;
}

type Kind = "plain" | "time" | "position" | "keeps" | "meta" | "defaults" | "converts";

const marks: Record<Kind, (event: RecordedEvent<string, Change>) => unknown> = {
  plain: () => null,
  defaults: () => null,
  converts: () => null,
  time: ({ time }) => time,
  position: (event) => ({ ...event }).position,
  keeps: (event) => event,
  meta: ({ meta }) => meta.correlationId,
};

const none: Purse = { balance: 0, count: 0, mark: null };

const after = (kind: Kind, { balance, count }: Purse, event: RecordedEvent<string, Change>): Purse => ({
  balance: balance + event.payload.amount + (event.payload.bonus ?? 0),
  count: count + 1,
  mark: marks[kind](event),
});

const told = (kind: Kind, { mark, ...purse }: Purse): Purse => ({
  ...purse,
  mark: kind === "keeps" ? ((mark as RecordedEvent | null)?.position ?? null) : mark,
});

const catalogueOf = (kind: Kind) => {
  if (kind === "defaults")
    return { payload: { amount: "number", bonus: { type: "number", default: 1 }, before: "any" } };
  return { payload: { amount: { type: "number", convert: true }, before: "any" } };
};

/** The decider: `put` deposits, `take` is refused if there is too little, `settle` does nothing if there is none. */
function service(kind: Kind, adapter: ReturnType<typeof failingLog>["adapter"]) {
  const hasCatalogue = kind === "defaults" || kind === "converts";
  const events = EventStore<Record<string, Change>>("events", {
    adapter,
    ...(hasCatalogue && { events: { changed: catalogueOf(kind) } }),
  });
  const params = { amount: "number", turns: "number" } as const;
  const changed = (state: Purse, amount: number) => ({
    type: "changed",
    payload: { amount: (kind === "converts" ? String(amount) : amount) as number, before: told(kind, state) },
  });
  const wait = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++) await new Promise((done) => setImmediate(done));
  };
  const decider = Decider("purse", {
    eventStore: events,
    initialState: () => none,
    commands: {
      put: {
        params,
        decide: async (state, { amount, turns }) => {
          await wait(turns);
          return [changed(state, amount)];
        },
      },
      take: {
        params,
        decide: async (state, { amount, turns }) => {
          await wait(turns);
          if (state.balance < amount) throw new InsufficientFunds(state.balance, amount);
          return changed(state, -amount);
        },
      },
      settle: {
        params,
        decide: async (state, { turns }) => {
          await wait(turns);
          return state.balance === 0 ? null : changed(state, -state.balance);
        },
      },
    },
    evolve: { changed: (state: Purse, event) => after(kind, state, event) },
  });
  return {
    name: "purse",
    mixins: [events.mixin(), decider.mixin()],
    actions: {
      gift: events.mapAction("changed", {
        stream: "purse-1",
        payload: ({ amount }: { amount: number }) => ({ amount, before: null as never }),
      }),
    },
  };
}

/** Delays appends to the store, and sends an append whose response is lost again. */
const onTheWay = (turns: readonly number[], isSentAgain: boolean): Middleware => {
  let count = 0;
  return {
    localAction(next: (ctx: Context) => Promise<unknown>, { name }: { name: string }) {
      if (name !== "$events.append") return next;
      return async (ctx: Context) => {
        const many = turns[count++ % Math.max(turns.length, 1)] ?? 0;
        for (let turn = 0; turn < many; turn++) await new Promise((done) => setImmediate(done));
        try {
          return await next(ctx);
        } catch (error) {
          if (!isSentAgain || (error as { type?: string }).type !== "STORE_UNAVAILABLE") throw error;
          return next(ctx);
        }
      };
    },
  } as Middleware;
};

const command = fc.record({
  name: fc.constantFrom("put", "put", "put", "take", "take", "settle", "gift"),
  amount: fc.integer({ min: 1, max: 9 }),
  turns: fc.constantFrom(0, 0, 0, 1),
  /** Entries with the same number are the same command, sent again. */
  again: fc.option(fc.nat(4), { nil: undefined, freq: 4 }),
  /** Turns of the event loop since the command before. */
  pause: fc.constantFrom(0, 0, 0, 0, 0, 1, 3),
});
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

const fates = fc.array(fc.constantFrom<Fate>("stored", "stored", "stored", "stored", "failed", "lost"), {
  maxLength: 30,
});

interface Outcome {
  command: Command;
  /** The length of the stream when it was sent, and when its result came. */
  from: number;
  to: number;
  answer?: StoredAnswer;
  error?: Error & { type?: string; data?: { balance: number } };
}

async function send(broker: ServiceBroker, one: Command, stored: RecordedEvent[]): Promise<Outcome> {
  const { name, amount, turns, again } = one;
  const headers = again === undefined || name === "gift" ? {} : { commandId: `${name} ${amount} ${again}` };
  const params = name === "gift" ? { amount } : { id: "1", amount, turns };
  const from = stored.length;
  try {
    const answer: StoredAnswer = await broker.call(`purse.${name}`, params, { headers });
    return { command: one, from, to: stored.length, answer };
  } catch (error) {
    return { command: one, from, to: stored.length, error: error as Outcome["error"] & Error };
  }
}

/** Checks that a sequential order of the commands explains the stored events and the results. */
function check(kind: Kind, log: RecordedEvent[], all: Outcome[]): void {
  const states: Purse[] = [none];
  const seen = new Set<unknown>();
  log.forEach((found, index) => {
    const event = found as unknown as RecordedEvent<string, Change>;
    expect(event.version).toBe(index + 1);
    const state = states.at(-1)!;
    const { amount, before } = event.payload;
    if (before !== null) {
      expect({ version: event.version, before }).toEqual({ version: event.version, before: told(kind, state) });
      if (amount < 0) expect(-amount).toBeLessThanOrEqual(state.balance);
      const { id, name } = event.meta["$command"] as { id: string; name: string };
      expect(seen.has(`${name} ${id}`)).toBe(false);
      seen.add(`${name} ${id}`);
    }
    states.push(after(kind, state, event));
  });
  for (const { command: one, from, to, answer, error } of all) {
    const between = states.slice(from, to + 1);
    if (one.name === "gift") continue;
    if (answer && answer.events.length > 0)
      expect(answer.events).toEqual(log.slice(answer.events[0]!.version - 1, answer.version));
    else if (answer) {
      expect(one.name).toBe("settle");
      expect(between).toContainEqual(states[answer.version]);
      expect(states[answer.version]!.balance).toBe(0);
    } else if (error!.type === "INSUFFICIENT_FUNDS") {
      expect(error!.data!.balance).toBeLessThan(one.amount);
      expect(between.map(({ balance }) => balance)).toContain(error!.data!.balance);
    } else expect(["STORE_UNAVAILABLE", "VERSION_CONFLICT", "COMMAND_ID_REUSED"]).toContain(error!.type);
  }
}

describe("Commands for one entity", () => {
  law(
    "come to what some order of them, one after the other, comes to, whatever fails beside them",
    60,
    fc.asyncProperty(
      fc.constantFrom<Kind>("plain", "plain", "plain", ...(Object.keys(marks) as Kind[])),
      fc.array(command, { minLength: 5, maxLength: 60 }),
      fates,
      fc.array(fc.constantFrom(0, 0, 0, 0, 0, 2), { maxLength: 10 }),
      fc.boolean(),
      async (kind, commands, ends, ways, isSentAgain) => {
        const { adapter, stored } = failingLog(ends.values());
        const middlewares = [onTheWay(ways, isSentAgain)];
        const broker = await startBroker([service(kind, adapter)], { middlewares });
        const sent: Promise<Outcome>[] = [];
        for (const one of commands) {
          for (let turn = 0; turn < one.pause; turn++) await new Promise((done) => setImmediate(done));
          sent.push(send(broker, one, stored));
        }
        const all = await Promise.all(sent);
        const log: RecordedEvent[] = await eventsIn(broker.call("events.read", { stream: "purse-1", limit: 10_000 }));
        check(kind, log, all);
        await cleanUp();
      },
    ),
  );
});
