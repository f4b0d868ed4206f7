import type { ServiceBroker } from "moleculer";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { isKnown, knownVersions, type KnownVersions, type NewerEvent } from "../../core/catalogue/newer-event.ts";
import { typeMatcher } from "../../core/event/type-pattern.ts";
import { innerName } from "./between-nodes.ts";

/** What the inner service of a store or of its consumers announces in the registry about its release. */
export interface AnnouncedRelease {
  /** Absent if the service has no catalogue of its own: then that of the store on the same node counts. */
  known?: KnownVersions;
  /** The owner of the rows that a table's host folds: see `TableOpenOptions`. */
  owner?: string;
  /** Of a consumer without a table: the patterns of the event types that this release handles. */
  handles?: readonly string[];
}

export const announcedRelease = (catalogue: Catalogue): AnnouncedRelease =>
  catalogue.entries.size === 0 ? {} : { known: knownVersions(catalogue) };

interface Listed {
  name: string;
  nodeID: string;
  metadata: AnnouncedRelease;
}

interface Hosted {
  store: string;
  /** A consumer of the store; omitted: the store itself. */
  service?: string;
  /** Of a table: only hosts of this owner, since others cannot take over its fold. */
  owner?: string;
}

/**
 * Another available node that hosts the service with a release that can read the event; null if there is none, or if it
 * has no catalogue.
 */
export function knowingNode(
  broker: ServiceBroker,
  { store, service = store, owner }: Hosted,
  newer: NewerEvent,
): string | null {
  const services = broker.registry.getServiceList({ onlyAvailable: true }) as Listed[];
  const releaseOn = (nodeID: string, name: string) =>
    services.find((one) => one.nodeID === nodeID && one.name === innerName(name))?.metadata;
  for (const { name, nodeID, metadata } of services) {
    if (name !== innerName(service) || nodeID === broker.nodeID) continue;
    if (owner !== undefined && metadata.owner !== owner) continue;
    const known = metadata.known ?? releaseOn(nodeID, store)?.known;
    if (known && isKnown(known, newer)) return nodeID;
  }
  return null;
}

/** The available nodes, this one among them, whose release folds the table's rows of this owner. */
export function nodesOfOwner(broker: ServiceBroker, table: string, owner: string): string[] {
  const services = broker.registry.getServiceList({ onlyAvailable: true }) as Listed[];
  const ofOwner = services.filter(({ name, metadata }) => name === innerName(table) && metadata.owner === owner);
  return ofOwner.map(({ nodeID }) => nodeID);
}

/** The available nodes that host a consumer, this one among them, and the event types that each handles. */
export interface ConsumerHost {
  nodeID: string;
  handles: readonly string[];
}

export function consumerHosts(broker: ServiceBroker, consumer: string): ConsumerHost[] {
  const services = broker.registry.getServiceList({ onlyAvailable: true }) as Listed[];
  const hosts = services.filter(({ name }) => name === innerName(consumer));
  return hosts.map(({ nodeID, metadata: { handles = [] } }) => ({ nodeID, handles }));
}

/** Whether the patterns match each type that the others match, compared pattern by pattern. */
export function handlesAll(patterns: readonly string[], others: readonly string[]): boolean {
  const isHandled = typeMatcher(patterns);
  return others.every((pattern) => isHandled(pattern));
}

export const isHostedHere = ({ registry }: ServiceBroker, store: string): boolean => {
  const list = registry.actions.get(`${innerName(store)}.page`) as { hasLocal(): boolean } | undefined;
  return list?.hasLocal() === true;
};
