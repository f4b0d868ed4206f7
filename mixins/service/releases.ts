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
  /** Of a consumer without a table: the patterns of the stored event types that this release handles. */
  handles?: readonly string[];
  /** Of a consumer: what it is in the store. A host that calls it by its former or its new name announces the same. */
  consumer?: string;
}

export const announcedRelease = (catalogue: Catalogue): AnnouncedRelease =>
  catalogue.entries.size === 0 ? {} : { known: knownVersions(catalogue) };

interface HostedRelease extends AnnouncedRelease {
  nodeID: string;
  /** The inner service: of a renamed consumer, nodes of the release before have it under another name. */
  inner: string;
}

/** The releases of a service's available hosts, this node among them; of a consumer, under whatever name they have it. */
export function releasesOf({ registry }: ServiceBroker, service: string): HostedRelease[] {
  const services = registry.getServiceList({ onlyAvailable: true }) as Listed[];
  const named = services.filter(({ name }) => name === innerName(service));
  const consumer = named.find(({ metadata }) => metadata?.consumer !== undefined)?.metadata?.consumer;
  const hosts = consumer === undefined ? named : services.filter(({ metadata }) => metadata?.consumer === consumer);
  return hosts.map(({ name, nodeID, metadata }) => ({ ...metadata, nodeID, inner: name }));
}

/** The name of the inner service on a node. */
export const innerNameOn = (broker: ServiceBroker, service: string, nodeID: string): string =>
  releasesOf(broker, service).find((one) => one.nodeID === nodeID)?.inner ?? innerName(service);

interface Listed {
  name: string;
  nodeID: string;
  metadata?: AnnouncedRelease;
}

interface Hosted {
  store: string;
  /** A consumer of the store; omitted: the store itself. */
  service?: string;
  /** Of a table: only hosts of this owner, since others cannot take over its fold. */
  owner?: string;
}

/** The available nodes that host the service, or its consumer, each with the versions that its catalogue can read. */
function hostsOf(broker: ServiceBroker, { store, service = store, owner }: Hosted): HostedRelease[] {
  const stores = releasesOf(broker, store);
  const hosts = service === store ? stores : releasesOf(broker, service);
  const ofOwner = owner === undefined ? hosts : hosts.filter((one) => one.owner === owner);
  return ofOwner.map((host) => {
    const known = host.known ?? stores.find(({ nodeID }) => nodeID === host.nodeID)?.known;
    return known === undefined ? host : { ...host, known };
  });
}

type EventVersion = Pick<NewerEvent, "type" | "schemaVersion">;

/** The other ones, with a catalogue that can read the event. */
const knowingHosts = (broker: ServiceBroker, hosted: Hosted, newer: EventVersion): HostedRelease[] =>
  hostsOf(broker, hosted).filter(
    ({ nodeID, known }) => nodeID !== broker.nodeID && known !== undefined && isKnown(known, newer),
  );

/** Whether all of them have a catalogue, and none can read the event. */
export const nobodyReads = (broker: ServiceBroker, hosted: Hosted, event: EventVersion): boolean =>
  hostsOf(broker, hosted).every(({ known }) => known !== undefined && !isKnown(known, event));

/** One of them; null if there is none. */
export const knowingNode = (broker: ServiceBroker, hosted: Hosted, newer: NewerEvent): string | null =>
  knowingHosts(broker, hosted, newer)[0]?.nodeID ?? null;

/** Those of them that have the service under this name, so that a call of it can be passed on to them. */
export const knowingNodes = (
  broker: ServiceBroker,
  hosted: Hosted & { service: string },
  newer: NewerEvent,
): string[] =>
  knowingHosts(broker, hosted, newer)
    .filter(({ inner }) => inner === innerName(hosted.service))
    .map(({ nodeID }) => nodeID);

/** The available nodes, this one among them, whose release folds the table's rows of this owner. */
export const nodesOfOwner = (broker: ServiceBroker, table: string, owner: string): string[] =>
  releasesOf(broker, table)
    .filter((one) => one.owner === owner)
    .map(({ nodeID }) => nodeID);

/** The available nodes that host a consumer, this one among them, and the event types that each handles. */
export interface ConsumerHost {
  nodeID: string;
  handles: readonly string[];
}

export const consumerHosts = (broker: ServiceBroker, consumer: string): ConsumerHost[] =>
  releasesOf(broker, consumer).map(({ nodeID, handles = [] }) => ({ nodeID, handles }));

/** Whether the patterns match each type that the others match, compared pattern by pattern. */
export function handlesAll(patterns: readonly string[], others: readonly string[]): boolean {
  const isHandled = typeMatcher(patterns);
  return others.every((pattern) => isHandled(pattern));
}

export const isHostedHere = ({ registry }: ServiceBroker, store: string): boolean => {
  const list = registry.actions.get(`${innerName(store)}.page`) as { hasLocal(): boolean } | undefined;
  return list?.hasLocal() === true;
};
