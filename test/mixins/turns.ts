import type { ServiceBroker } from "moleculer";

/** Twenty turns of the event loop: time enough for whatever needs no more than a turn or two. */
export async function turnsOfTheLoop(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
}

/**
 * Twenty turns through the broker and the store's file and back: time enough for what a test says must not happen, so
 * that it would have been seen.
 */
export async function turns(broker: ServiceBroker): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await broker.call("events.status");
    await new Promise((next) => setImmediate(next));
  }
}
