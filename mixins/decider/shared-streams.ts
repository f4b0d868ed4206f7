import type { Service, ServiceBroker } from "moleculer";
import { isKnown, type KnownVersions, type NewerEvent } from "../../core/catalogue/newer-event.ts";
import { described } from "../../core/errors/problem.ts";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { announcedRelease } from "../service/releases.ts";

/** What a decider's service publishes in the registry, as its metadata. */
interface Published {
  decider: string;
  eventStore: string;
  /** Null if the decider has a `stream` function of its own. */
  category: string | null;
  /** Absent if the decider has no catalogue. */
  known?: KnownVersions;
}

interface Listed {
  nodeID?: string;
  metadata: { $decider?: Published };
}

export const publishedOf = (
  { name, category, catalogue }: DeciderDefinition,
  eventStore: string,
): Listed["metadata"] => ({
  $decider: { decider: name, eventStore, category, ...announcedRelease(catalogue) },
});

/** Another node that hosts the service with a release that can read the event; null if there is none. */
export function knowingDecider(broker: ServiceBroker, service: string, newer: NewerEvent): string | null {
  const services = broker.registry.getServiceList({ onlyAvailable: true }) as unknown as (Listed & {
    fullName: string;
  })[];
  const found = services.find(({ nodeID, fullName, metadata }) => {
    const known = fullName === service && nodeID !== broker.nodeID ? metadata.$decider?.known : undefined;
    return known !== undefined && isKnown(known, newer);
  });
  return found?.nodeID ?? null;
}

/**
 * Deciders with different names and the same default streams, such as `order-line` and `order_line`: each would fold the
 * other's events. Services of other nodes are known once the registry shows them, so a decider refuses to start, and
 * never stops one that runs.
 * @throws DefinitionError
 */
export function assertOwnStreams(broker: ServiceBroker, decider: DeciderDefinition, eventStore: string): void {
  const { name, category } = decider;
  if (category === null) return;
  const remote = broker.registry.getServiceList({ onlyAvailable: true }) as unknown as Listed[];
  const local = broker.services as unknown as (Service & Listed)[];
  for (const { nodeID, metadata } of [...local, ...remote]) {
    const other = metadata?.$decider;
    if (!other || other.eventStore !== eventStore || other.category !== category || other.decider === name) continue;
    const where = nodeID === undefined || nodeID === broker.nodeID ? "" : ` on node ${nodeID}`;
    throw new DefinitionError({
      field: `${name}.stream`,
      found: described(`${category}-<id>, the streams of the decider ${other.decider}${where}`),
      expected: "streams of its own in the store: another name, or the option stream",
    });
  }
}
