import type { Service, ServiceBroker, ServiceSchema } from "moleculer";
import { NameTakenError } from "../core/errors.ts";
import type { Mixin } from "./mixin.ts";

/** A service that lives beside the services that mix it in: one per broker and name, ending with the last of them. */
export interface Sibling {
  name: string;
  /** What it is, for messages: "event store", "aggregate". */
  kind: string;
  /** The sibling that this one needs until its own end: on a broker that stops, that one ends after it. */
  needs?: string;
  /** Why a sibling of the same name cannot be shared with this one, or null where it can. */
  conflictWith(other: Sibling): string | null;
  /** A new schema each time, with its own state: one process may run several brokers. */
  schema(): SiblingSchema;
}

export type SiblingSchema = Omit<ServiceSchema, "started" | "stopped"> & {
  started: () => Promise<void>;
  stopped: () => Promise<void>;
};

interface Hosted {
  sibling: Sibling;
  service: Service;
  owners: Set<Service>;
  /** Settles with the sibling's start; a new one after each stop. */
  start: PromiseWithResolvers<void>;
  /** Settles when it has stopped, or did not start. */
  end: PromiseWithResolvers<void> | null;
}

const hosted = new WeakMap<ServiceBroker, Map<string, Hosted>>();

/** The mixin that brings the sibling into being with its first owner and ends it with the last. */
export function siblingMixin(sibling: Sibling): Mixin {
  return {
    created(this: Service) {
      adopt(this, sibling);
    },
    // Not by `dependencies`: Moleculer would ask for one that failed to start for ever.
    async started(this: Service) {
      const known = hosted.get(this.broker)?.get(sibling.name);
      known?.owners.add(this);
      await known?.start.promise;
      await this.broker.waitForServices(sibling.name, 0, 5);
    },
    async stopped(this: Service) {
      await release(this, sibling);
    },
  };
}

/** In `created`, not `started`: so broker.start() waits for the sibling and fails with it. */
function adopt(owner: Service, sibling: Sibling): void {
  const { broker } = owner;
  const here = hosted.get(broker) ?? new Map<string, Hosted>();
  hosted.set(broker, here);
  const known = here.get(sibling.name);
  if (known) {
    const conflict =
      known.sibling.kind === sibling.kind
        ? sibling.conflictWith(known.sibling)
        : `is already the name of this broker's ${known.sibling.kind}`;
    if (conflict) throw new NameTakenError(sibling.name, conflict);
    known.owners.add(owner);
    return;
  }
  if (broker.getLocalService(sibling.name) || owner.fullName === sibling.name)
    throw new NameTakenError(
      sibling.name,
      `is the name of a service already; the ${sibling.kind} needs one of its own`,
    );
  here.set(sibling.name, host(broker, sibling, owner));
}

function host(broker: ServiceBroker, sibling: Sibling, owner: Service): Hosted {
  const schema = sibling.schema();
  const service = broker.createService({
    ...schema,
    async started() {
      self.end = Promise.withResolvers();
      try {
        await schema.started();
        self.start.resolve();
      } catch (error) {
        self.end.resolve();
        self.start.reject(error);
        throw error;
      }
    },
    async stopped() {
      self.start = newStart();
      // A stopping broker stops all at once; those who need this one may have a checkpoint to save.
      if (broker.stopping) await Promise.all(endsOfThoseWhoNeed(broker, sibling.name));
      await schema.stopped().finally(() => self.end?.resolve());
    },
  });
  const self: Hosted = { sibling, service, owners: new Set([owner]), start: newStart(), end: null };
  return self;
}

function endsOfThoseWhoNeed(broker: ServiceBroker, name: string): Promise<void>[] {
  const all = [...(hosted.get(broker)?.values() ?? [])];
  return all.flatMap(({ sibling, end }) => (sibling.needs === name && end ? [end.promise] : []));
}

function newStart(): PromiseWithResolvers<void> {
  const start = Promise.withResolvers<void>();
  // Whoever waits for it gets the error; where nobody does, the broker reports it.
  start.promise.catch(() => {});
  return start;
}

async function release(owner: Service, sibling: Sibling): Promise<void> {
  const { broker } = owner;
  const here = hosted.get(broker);
  const known = here?.get(sibling.name);
  // A stopping broker stops every service itself, and may start them again.
  if (!known?.owners.delete(owner) || known.owners.size > 0 || !broker.started) return;
  // Those who need it and end with the same owner have a checkpoint to save: they go first.
  for (const other of here?.values() ?? [])
    if (other.sibling.needs === sibling.name) await release(owner, other.sibling);
  here?.delete(sibling.name);
  await broker.destroyService(known.service);
}
