import { setTimeout as wait } from "node:timers/promises";
import type { Service, ServiceBroker, ServiceSchema } from "moleculer";
import { NameTakenError } from "../../core/errors/errors.ts";
import { times } from "../../core/concurrency/times.ts";
import { preparesParams } from "./given-params.ts";
import { innerService } from "./between-nodes.ts";
import { lifecycleOf } from "./broker-lifecycle.ts";
import { assertMixinsAreCalled, type Mixin } from "./mixin.ts";
import type { AnnouncedRelease } from "./releases.ts";
import { CompanionRun } from "./companion-run.ts";

/** A service that is shared by the services that mix it in: one per broker and name, destroyed with the last of them. */
export interface Companion {
  name: string;
  /** For messages: "event store", "read table". */
  kind: string;
  /** The store that this one uses until it has stopped. It is mixed in as well. A stopping broker stops it later. */
  dependsOn?: { readonly name: string; mixin(): Mixin };
  /** Of a consumer: its name in the store, which another service may have too if one of them was renamed. */
  storedName?: string;
  /** Why this companion cannot share the service of `other`, which has the same name; null if it can. */
  conflictWith(other: Companion): string | null;
  /** Adds this definition to the service that an equal companion has created. Returns why it cannot, or null. */
  join?(service: Service): string | null;
  /** Creates a schema with its own state, because one process may run several brokers. */
  schema(broker: ServiceBroker): CompanionSchema;
}

export type CompanionSchema = Omit<ServiceSchema, "started" | "stopped"> & {
  /** The actions that nodes call among themselves: see `between-nodes.ts`. */
  inner: NonNullable<ServiceSchema["actions"]>;
  /** A schema of the user's that Moleculer merges over this one. */
  extension?: Partial<ServiceSchema> | undefined;
  /** What the service announces to other nodes about this release, at its start. */
  release: () => AnnouncedRelease;
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

/** Destroyed owners. An owner that was destroyed while it started must not be counted again. */
const destroyed = new WeakSet<Service>();

/** Resolves when the companion's actions can be called, at once if this broker has none. @throws the error of its start */
export async function companionStarted(broker: ServiceBroker, name: string): Promise<void> {
  await hosted.get(broker)?.get(name)?.run.started();
}

type Work = () => Promise<void>;
const unfinished = new WeakMap<ServiceBroker, Map<string, Set<Work>>>();

/**
 * The companion awaits `work` before it stops. For users of the companion that are no companions themselves.
 * Returns a function that removes `work` again.
 */
export function finishBeforeEndOf(broker: ServiceBroker, name: string, work: Work): () => void {
  const ofBroker = unfinished.get(broker) ?? new Map<string, Set<Work>>();
  const works = ofBroker.get(name) ?? new Set<Work>();
  unfinished.set(broker, ofBroker.set(name, works.add(work)));
  return () => {
    works.delete(work);
    if (works.size === 0 && ofBroker.get(name) === works) ofBroker.delete(name);
  };
}

/** The mixin that creates the companion, and its store, with its first owner and destroys it with the last. */
export function companionMixin(companion: Companion): Mixin {
  const { dependsOn } = companion;
  return {
    ...(dependsOn && { mixins: [dependsOn.mixin()] }),
    ...preparesParams,
    created(this: Service) {
      assertMixinsAreCalled(this);
      try {
        attach(this, companion);
      } catch (error) {
        if (!isHotReload(this.broker, error)) throw error;
      }
    },
    // Not with `dependencies`: Moleculer would wait forever for a companion whose start failed.
    async started(this: Service) {
      if (destroyed.has(this)) return;
      await attachOnceReplaced(this, companion);
      const known = hosted.get(this.broker)?.get(companion.name);
      known?.owners.add(this);
      await known?.run.started();
    },
    async stopped(this: Service) {
      await release(this);
    },
  };
}

/** Moleculer's hot reload replaces the services that share a changed file one by one: others still have the definition of before. */
const isHotReload = ({ options, started }: ServiceBroker, error: unknown): boolean =>
  options.hotReload === true && started && error instanceof NameTakenError;

/** Waits until the services with the definition of before are gone. @throws NameTakenError after `times.hotReload.waitMs` */
async function attachOnceReplaced(owner: Service, companion: Companion): Promise<void> {
  const { broker } = owner;
  for (const end = performance.now() + times.hotReload.waitMs; ; await wait(times.hotReload.retryMs)) {
    if (destroyed.has(owner) || hosted.get(broker)?.get(companion.name)?.owners.has(owner)) return;
    try {
      return attach(owner, companion);
    } catch (error) {
      if (!isHotReload(broker, error) || performance.now() > end) throw error;
    }
  }
}

/** Creates the companion, or shares the existing one. Called in `created`, so that broker.start() waits for its start. */
function attach(owner: Service, companion: Companion): void {
  const { broker } = owner;
  const ofBroker = hosted.get(broker) ?? new Map<string, Hosted>();
  hosted.set(broker, ofBroker);
  const known = ofBroker.get(companion.name);
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
      `is already the name of a service; the ${companion.kind} needs a name of its own`,
    );
  const twin = [...ofBroker.values()].find(({ companion: other }) => isStoredAs(companion, other));
  if (twin)
    throw new NameTakenError(
      companion.name,
      `has the checkpoint of ${twin.companion.name}, which this broker has too: one is the former name of the other`,
    );
  ofBroker.set(companion.name, host(broker, companion, owner));
}

const isStoredAs = ({ storedName, kind, dependsOn }: Companion, other: Companion): boolean =>
  storedName !== undefined &&
  storedName === other.storedName &&
  kind === other.kind &&
  dependsOn?.name === other.dependsOn?.name;

function host(broker: ServiceBroker, companion: Companion, owner: Service): Hosted {
  const { inner, release: announced, extension, ...schema } = companion.schema(broker);
  const lifecycle = lifecycleOf(broker);
  const beforeEnd = async () => {
    // A stopping broker stops all services at once. Companions that depend on this one may have to save a checkpoint.
    if (lifecycle.isDown) await Promise.all(endsOfDependents(broker, companion.name));
    const works = unfinished.get(broker)?.get(companion.name) ?? [];
    await Promise.all([...works].map((work) => work()));
  };
  const stopMs = () => (companion.dependsOn === undefined ? times.stop.storeMs : times.stop.followerMs);
  const run = new CompanionRun({ broker, name: companion.name, work: schema, beforeEnd, stopMs });
  const end = () => run.stop();
  lifecycle.endsWith(end);
  // Created first, so that it is registered first: a node that sees the service may call both.
  const innerOne = broker.createService({
    ...innerService(companion.name, inner),
    ...preparesParams,
    async started(this: Service) {
      // Before the registry gets the metadata, and after the last service that may bring the store a catalogue.
      Object.assign(this.metadata as object, announced());
      await run.start();
    },
  });
  const own: ServiceSchema = {
    ...schema,
    ...preparesParams,
    started: () => run.start(),
    async stopped() {
      // A stopped broker may start this service again. A destroyed service stays destroyed: the next owner creates another.
      const isDestroyed = !lifecycle.isDown;
      if (isDestroyed) {
        lifecycle.forget(end);
        forget(broker, self);
      }
      await run.stop();
      if (isDestroyed) await broker.destroyService(innerOne);
    },
  };
  const service = broker.createService(extension ? extended(own, stoppingOnError(extension, run)) : own);
  const self: Hosted = { companion, service, owners: new Set([owner]), run };
  return self;
}

type Extension = Partial<ServiceSchema>;

const listOf = <One>(given: One | One[] | undefined): One[] => (given === undefined ? [] : ([given].flat() as One[]));

/** The mixins of the extension come first: Moleculer merges them, like the extension, over the companion's schema. */
const extended = (own: ServiceSchema, extension: Extension): ServiceSchema => ({
  ...extension,
  name: own.name,
  mixins: [...listOf(extension.mixins), own],
});

/** Its owners wait for the service, which is not registered if a `started` of the extension fails: the companion stops. */
const stoppingOnError = (extension: Extension, run: CompanionRun): Extension => ({
  ...extension,
  mixins: listOf(extension.mixins).map((mixin) => stoppingOnError(mixin, run)),
  started: listOf(extension.started).map(
    (started) =>
      async function (this: Service) {
        try {
          await started.call(this);
        } catch (error) {
          await run.fail(error);
          throw error;
        }
      },
  ),
});

function endsOfDependents(broker: ServiceBroker, name: string): Promise<void>[] {
  const all = [...(hosted.get(broker)?.values() ?? [])];
  return all.flatMap(({ companion, run }) => (companion.dependsOn?.name === name && run.ended ? [run.ended] : []));
}

function forget(broker: ServiceBroker, known: Hosted): void {
  const ofBroker = hosted.get(broker);
  if (ofBroker?.get(known.companion.name) === known) ofBroker.delete(known.companion.name);
}

/**
 * Destroys the companions that have lost their last owner. The first of the owner's mixins to stop handles them all, so
 * that a companion is destroyed before the one that it depends on.
 */
async function release(owner: Service): Promise<void> {
  const { broker } = owner;
  // A stopping broker stops every service itself, and may start it again.
  const ofBroker = [...(hosted.get(broker)?.values() ?? [])].filter(({ owners }) => owners.delete(owner));
  if (!broker.started || lifecycleOf(broker).isDown) return;
  destroyed.add(owner);
  const orphans = ofBroker.filter(({ owners }) => owners.size === 0);
  for (const orphan of orphans) forget(broker, orphan);
  const isDependent = ({ companion }: Hosted) => companion.dependsOn !== undefined;
  for (const group of [orphans.filter(isDependent), orphans.filter((orphan) => !isDependent(orphan))])
    await Promise.all(group.map(({ service }) => broker.destroyService(service)));
}
