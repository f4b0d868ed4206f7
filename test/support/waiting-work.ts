import {
  Aggregate,
  EventStore,
  ProcessManager,
  Subscription,
  type Adapter,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import { CrashKit } from "moleculer-event-sourcing/testing";
import type { BrokerOptions, Middleware, Service, ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, newFolder, startBroker } from "./broker.ts";
import { CountedTable } from "./counted-table.ts";

export const kinds = ["table in memory", "table on SQLite", "subscription", "process manager"] as const;
export type Kind = (typeof kinds)[number];

/** Position 1 fails until it is repaired; a promise that a test sets for another position is awaited there. */
export class WaitingWork {
  readonly kind: Kind;
  /** The positions in the order of their handling. */
  readonly ran: number[] = [];
  isPoisoned = true;
  readonly at = new Map<number, () => unknown>();
  readonly table = new CountedTable();
  /** The events that the consumer has read from the store. */
  readonly read = { events: 0 };
  readonly kept = { writes: 0, bytes: 0 };
  readonly #log: Adapter;
  readonly #table: Adapter;

  constructor(kind: Kind, { log = memory(), crash = new CrashKit() }: { log?: Adapter; crash?: CrashKit } = {}) {
    const table = kind === "table on SQLite" ? sqlite(`${newFolder()}/table.db`) : memory();
    this.kind = kind;
    this.#log = crash.adapter(log);
    this.#table = crash.adapter(this.table.adapter(table));
  }

  /** The consumer's transform or handler. */
  do(position: number): unknown {
    this.ran.push(position);
    if (position === 1 && this.isPoisoned) throw new Error("poison");
    return this.at.get(position)?.();
  }

  start(options: BrokerOptions = {}): Promise<ServiceBroker> {
    const events = EventStore("events", { adapter: this.#log });
    return startBroker([{ name: "host", mixins: [events.mixin(), this.#consumer(events)] }], {
      ...options,
      middlewares: [this.#counting()],
    });
  }

  #consumer(eventStore: ReturnType<typeof EventStore>): Partial<ServiceSchema> {
    const options = { eventStore, onError: { retries: 0 } };
    const handle = ({ position }: { position: number }) => {
      const row = { id: String(position), n: position };
      const done = this.do(position);
      return done instanceof Promise ? done.then(() => row) : row;
    };
    if (this.kind === "subscription")
      return Subscription("consumer", { ...options, on: { "thing.*": handle } }).mixin();
    if (this.kind === "process manager")
      return ProcessManager("consumer", {
        ...options,
        correlate: ({ stream }) => stream,
        initialState: () => ({}),
        on: { "thing.*": (event) => handle(event) },
      }).mixin();
    const fields = { n: "integer" } as const;
    return Aggregate("consumer", { ...options, fields, adapter: this.#table })
      .on("thing.*")
      .create(handle)
      .mixin();
  }

  #counting(): Middleware {
    const note = (name: string | undefined, params: unknown, answer: unknown) => {
      if (name === "$events.streamPage" || name === "$events.page")
        this.read.events += (answer as { events: unknown[] }).events.length;
      if (name !== "$events.saveState") return;
      this.kept.writes++;
      this.kept.bytes += JSON.stringify(params).length;
    };
    return {
      localAction: (next, { name }) =>
        async function (this: Service, ctx) {
          const answer: unknown = await next.call(this, ctx);
          note(name, ctx.params, answer);
          return answer;
        },
    };
  }

  /** Makes the first event of stream `s` fail, with others waiting behind it. Returns their ids. */
  async fill(broker: ServiceBroker, waiting: number): Promise<string[]> {
    const ids: string[] = [];
    for (let left = waiting + 1; left > 0; left -= 1000) {
      const events = Array.from({ length: Math.min(left, 1000) }, () => ({ type: "thing.happened", payload: {} }));
      const answer: { events: RecordedEvent[] } = await broker.call("events.append", { stream: "s", events });
      ids.push(...answer.events.map(({ id }) => id));
    }
    await caughtUp(broker, "consumer");
    return ids;
  }
}
