import type { Service, ServiceBroker, ServiceSchema } from "moleculer";
import { NameTakenError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import { guardActions } from "./boundary.ts";
import { lifecycleOf } from "./broker-lifecycle.ts";
import type { Mixin } from "./mixin.ts";
import { CompanionRun } from "./companion-run.ts";

/** A service that lives beside the services that mix it in: one per broker and name, ending with the last of them. */
export interface Companion {
  name: string;
  /** What it is, for messages: "event store", "aggregate". */
  kind: string;
  /** The companion that this one needs until its own end: on a broker that stops, that one ends after it. */
  dependsOn?: string;
  /** Why a companion of the same name cannot be shared with this one, or null where it can. */
  conflictWith(other: Companion): string | null;
  /** Adds what this one knows to the service that another definition of it has made; or answers why it cannot. */
  join?(service: Service): string | null;
  /** A new schema each time, with its own state: one process may run several brokers. */
  schema(broker: ServiceBroker): CompanionSchema;
}

export type CompanionSchema = Omit<ServiceSchema, "started" | "stopped"> & {
  started: () => Promise<void>;
  stopped: () => Promise<void>;
};

interface Hosted {
  companion: Companion;
  service: Service;
  owners: Set<Service>;
  run: CompanionRun;
}

const hosted = new WeakMap<ServiceBroker, Map<string, Hosted>>();

/** Owners that were destroyed: one that was still starting then must not count as an owner again. */
const destroyed = new WeakSet<Service>();

/** Settles when the companion answers, where this broker has one of the name. @throws what its start has thrown */
export async function companionStarted(broker: ServiceBroker, name: string): Promise<void> {
  await hosted.get(broker)?.get(name)?.run.started();
}

type Work = () => Promise<void>;
const unfinished = new WeakMap<ServiceBroker, Map<string, Set<Work>>>();

/** Before this companion ends, `work` is finished: for what needs it and is no companion itself. Returns what takes it back. */
export function finishBeforeEndOf(broker: ServiceBroker, name: string, work: Work): () => void {
  const here = unfinished.get(broker) ?? new Map<string, Set<Work>>();
  const works = here.get(name) ?? new Set<Work>();
  unfinished.set(broker, here.set(name, works.add(work)));
  return () => {
    works.delete(work);
    if (works.size === 0 && here.get(name) === works) here.delete(name);
  };
}

/** The mixin that brings the companion into being with its first owner and ends it with the last. */
export function companionMixin(companion: Companion): Mixin {
  return {
    created(this: Service) {
      guardActions(this.broker);
      attach(this, companion);
    },
    // Not by `dependencies`: Moleculer would ask for one that failed to start for ever.
    async started(this: Service) {
      if (destroyed.has(this)) return;
      const known = hosted.get(this.broker)?.get(companion.name);
      known?.owners.add(this);
      await known?.run.started();
    },
    async stopped(this: Service) {
      await release(this);
    },
  };
}

/** In `created`, not `started`: so broker.start() waits for the companion and fails with it. */
function attach(owner: Service, companion: Companion): void {
  const { broker } = owner;
  const here = hosted.get(broker) ?? new Map<string, Hosted>();
  hosted.set(broker, here);
  const known = here.get(companion.name);
  if (known) {
    const conflict =
      known.companion.kind === companion.kind
        ? (companion.conflictWith(known.companion) ?? companion.join?.(known.service))
        : `is already the name of this broker's ${known.companion.kind}`;
    if (conflict) throw new NameTakenError(companion.name, conflict);
    known.owners.add(owner);
    return;
  }
  if (broker.getLocalService(companion.name) || owner.fullName === companion.name)
    throw new NameTakenError(
      companion.name,
      `is the name of a service already; the ${companion.kind} needs one of its own`,
    );
  here.set(companion.name, host(broker, companion, owner));
}

function host(broker: ServiceBroker, companion: Companion, owner: Service): Hosted {
  const schema = companion.schema(broker);
  const lifecycle = lifecycleOf(broker);
  const beforeEnd = async () => {
    // A stopping broker stops all at once; those that need this one may have a checkpoint to save.
    if (lifecycle.isDown) await Promise.all(endsOfThoseThatNeed(broker, companion.name));
    const works = unfinished.get(broker)?.get(companion.name) ?? [];
    await Promise.all([...works].map((work) => work()));
  };
  const stopMs = () => (companion.dependsOn === undefined ? times.stop.storeMs : times.stop.followerMs);
  const run = new CompanionRun({ broker, name: companion.name, work: schema, beforeEnd, stopMs });
  const end = () => run.stop();
  lifecycle.endsWith(end);
  const service = broker.createService({
    ...schema,
    started: () => run.start(),
    async stopped() {
      // A stopping broker may start it again; otherwise it is at its end, and the next owner needs another.
      if (!lifecycle.isDown) {
        lifecycle.forget(end);
        forget(broker, self);
      }
      await run.stop();
    },
  });
  const self: Hosted = { companion, service, owners: new Set([owner]), run };
  return self;
}

function endsOfThoseThatNeed(broker: ServiceBroker, name: string): Promise<void>[] {
  const all = [...(hosted.get(broker)?.values() ?? [])];
  return all.flatMap(({ companion, run }) => (companion.dependsOn === name && run.ended ? [run.ended] : []));
}

function forget(broker: ServiceBroker, known: Hosted): void {
  const here = hosted.get(broker);
  if (here?.get(known.companion.name) === known) here.delete(known.companion.name);
}

/**
 * Ends what nobody else mixes in, all of it with the first of the owner's mixins: whoever needs another ends before
 * it, or would complain that it has gone.
 */
async function release(owner: Service): Promise<void> {
  const { broker } = owner;
  // A stopping broker stops every service itself, and may start them again.
  const here = [...(hosted.get(broker)?.values() ?? [])].filter(({ owners }) => owners.delete(owner));
  if (!broker.started || lifecycleOf(broker).isDown) return;
  destroyed.add(owner);
  const orphans = here.filter(({ owners }) => owners.size === 0);
  for (const orphan of orphans) forget(broker, orphan);
  const needsAnother = ({ companion }: Hosted) => companion.dependsOn !== undefined;
  for (const group of [orphans.filter(needsAnother), orphans.filter((orphan) => !needsAnother(orphan))])
    await Promise.all(group.map(({ service }) => broker.destroyService(service)));
}
