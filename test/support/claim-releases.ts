import { Decider, EventStore, type ClaimOptions, type EventStoreOptions } from "moleculer-event-sourcing";
import type { Middleware, ServiceBroker, ServiceSchema } from "moleculer";
import { refusal } from "./broker.ts";

/** The events of both releases: the newer one has orders that change their number. */
export type OrderEvents = {
  "order.created": { number: string };
  "order.renumbered": { number: string };
  "order.deleted": Record<string, unknown>;
};

/** How a release claims the numbers of its orders. */
export type NumberClaim = ClaimOptions<OrderEvents>;

/** The service of a release: orders whose number is unique. `payloadOf`: that of a created order. */
export function ordersOf(
  claim: NumberClaim,
  options: EventStoreOptions<OrderEvents>,
  payloadOf: (number: string) => OrderEvents["order.created"] = (number) => ({ number }),
): ServiceSchema {
  const orders = Decider("order", {
    eventStore: EventStore<OrderEvents>("events", options),
    initialState: () => 0,
    commands: {
      create: {
        params: { number: "string" },
        decide: (_, { number }) => ({ type: "order.created", payload: payloadOf(number) }),
      },
      renumber: {
        params: { number: "string" },
        decide: (_, { number }) => ({ type: "order.renumbered", payload: { number } }),
      },
      delete: { decide: () => ({ type: "order.deleted" }) },
    },
    evolve: {
      "order.created": (count) => count + 1,
      "order.renumbered": (count) => count + 1,
      "order.deleted": (count) => count + 1,
    },
    claims: { number: claim },
  });
  return { name: "order", mixins: [orders.mixin()] };
}

/** Counts the events that a node's deciders read to fold their claims. */
export class FoldedEvents {
  count = 0;

  readonly middleware: Middleware = {
    call: (next: ServiceBroker["call"]) =>
      (async (...given: Parameters<ServiceBroker["call"]>) => {
        const answer: unknown = await next(...given);
        if (given[0] === "events.read") this.count += (answer as { events: unknown[] }).events.length;
        return answer;
      }) as never,
  };
}

export const create = (broker: ServiceBroker, id: string | number, number: string): Promise<unknown> =>
  broker.call("order.create", { id, number });

/** The stream that a command is told to hold the value. */
export const claimantOf = async (broker: ServiceBroker, number: string): Promise<unknown> =>
  ((await refusal(() => create(broker, "other", number))) as unknown as { claimant: string }).claimant;

/** Orders are created through each release by turns. Each event is folded once by the release that has not stored it. */
export async function createByTurns(
  [older, newer]: readonly [ServiceBroker, ServiceBroker],
  folded: FoldedEvents,
  rounds: number,
): Promise<number[]> {
  const counts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = folded.count;
    await create(older, `older-${round}`, `A-${round}`);
    await create(newer, `newer-${round}`, `B-${round}`);
    counts.push(folded.count - before);
  }
  return counts;
}
