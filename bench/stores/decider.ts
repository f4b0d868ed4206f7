import { ServiceBroker, type Context } from "moleculer";
import { Decider, EventStore } from "../../index.ts";
import { eventType, params, streamOf, type Payload } from "../events.ts";
import { storeName } from "./ours.ts";

type Events = { [eventType]: Payload };

/** The state that both our decider and Emmett's decide on. */
export interface Amounts {
  total: number;
  events: number;
}

export const noAmounts = (): Amounts => ({ total: 0, events: 0 });
export const addAmount = ({ total, events }: Amounts, { amount }: Payload): Amounts => {
  return { total: total + amount, events: events + 1 };
};

/** A decider and a mapped action that store the same event, in one service. */
export class Decisions {
  readonly broker = new ServiceBroker({ nodeID: "bench", logger: false });

  /** `every`: the interval of state snapshots; default: none. */
  static async start(log: string, every?: number): Promise<Decisions> {
    const ours = new Decisions();
    const events = EventStore<Events>(storeName, { adapter: `sqlite:${log}` });
    const decider = Decider("property", {
      eventStore: events,
      stream: streamOf,
      initialState: noAmounts,
      commands: { change: { params, decide: (_, payload: Payload) => ({ type: eventType, payload }) } },
      evolve: { [eventType]: (state, { payload }) => addAmount(state, payload) },
      ...(every !== undefined && { stateSnapshots: { every } }),
    });
    ours.broker.createService({
      name: "bench",
      mixins: [events.mixin(), decider.mixin()],
      actions: {
        store: events.mapAction(eventType, {
          params,
          stream: ({ id }: Payload) => streamOf(id),
          expectedVersion: (_: Payload, ctx: Context<Payload>) => (ctx.meta as { version?: number }).version ?? "any",
        }),
      },
    });
    await ours.broker.start();
    return ours;
  }

  command(payload: Payload): Promise<unknown> {
    return this.broker.call("bench.change", payload);
  }

  /** Calls the mapped action, with the expected version of its stream. */
  store(payload: Payload, version?: number): Promise<unknown> {
    return this.broker.call("bench.store", payload, version === undefined ? {} : { meta: { version } });
  }

  appendBatch(entity: string, payloads: readonly Payload[]): Promise<unknown> {
    const events = payloads.map((payload) => ({ type: eventType, payload }));
    return this.broker.call(`${storeName}.append`, { stream: streamOf(entity), events });
  }

  state(id: string): Promise<{ state: Amounts; version: number }> {
    return this.broker.call("bench.state", { id });
  }

  async stop(): Promise<void> {
    await this.broker.stop();
  }
}
