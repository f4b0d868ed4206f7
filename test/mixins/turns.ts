import type { ServiceBroker } from "moleculer";

/** Twenty turns of the event loop: enough for work that needs a turn or two. */
export async function turnsOfTheLoop(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
}

/**
 * Twenty round trips through the broker and the store's file: an effect that must not happen would be visible by then.
 */
export async function turns(broker: ServiceBroker): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await broker.call("events.status");
    await new Promise((next) => setImmediate(next));
  }
}
