import type { ServiceBroker } from "moleculer";
import type { DeciderDefinition } from "../../core/decider/decider.ts";

const known = new WeakMap<ServiceBroker, Map<string, DeciderDefinition>>();

const keyOf = (store: string, name: string) => JSON.stringify([store, name]);

/** Registers a decider, so that `verify` of its store can fold its state snapshots again. */
export function registerDecider(broker: ServiceBroker, store: string, decider: DeciderDefinition): void {
  const deciders = known.get(broker) ?? new Map<string, DeciderDefinition>();
  known.set(broker, deciders.set(keyOf(store, decider.name), decider));
}

/** The decider of this name over the store on this broker; null if there is none. */
export const knownDecider = (broker: ServiceBroker, store: string, name: string): DeciderDefinition | null =>
  known.get(broker)?.get(keyOf(store, name)) ?? null;
