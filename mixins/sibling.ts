import type { Service, ServiceBroker, ServiceSchema } from "moleculer";
import { NameTakenError } from "../core/errors.ts";
import type { Mixin } from "./mixin.ts";

/** A service that lives beside the services that mix it in: one per broker and name, ending with the last of them. */
export interface Sibling {
  name: string;
  /** What it is, for messages: "event store", "aggregate". */
  kind: string;
  /** Why a sibling of the same name cannot be shared with this one, or null where it can. */
  conflictWith(other: Sibling): string | null;
  /** A new schema each time, with its own state: one process may run several brokers. */
  schema(): ServiceSchema;
}

interface Hosted {
  sibling: Sibling;
  service: Service;
  owners: Set<Service>;
}

const hosted = new WeakMap<ServiceBroker, Map<string, Hosted>>();

/** The mixin that brings the sibling into being with its first owner and ends it with the last. */
export function siblingMixin(sibling: Sibling): Mixin {
  return {
    // Moleculer asks for dependencies once a second; every hot reload would wait that long.
    settings: { $dependencyInterval: 20 } as NonNullable<Mixin["settings"]>,
    dependencies: [sibling.name],
    created(this: Service) {
      adopt(this, sibling);
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
        : `is the name of an ${known.sibling.kind} already`;
    if (conflict) throw new NameTakenError(sibling.name, conflict);
    known.owners.add(owner);
    return;
  }
  if (broker.getLocalService(sibling.name) || owner.fullName === sibling.name)
    throw new NameTakenError(
      sibling.name,
      `is the name of a service already; the ${sibling.kind} needs one of its own`,
    );
  here.set(sibling.name, { sibling, service: broker.createService(sibling.schema()), owners: new Set([owner]) });
}

async function release(owner: Service, sibling: Sibling): Promise<void> {
  const { broker } = owner;
  // A stopping broker stops every service itself, and may start them again.
  if (!broker.started) return;
  const here = hosted.get(broker);
  const known = here?.get(sibling.name);
  if (!known?.owners.delete(owner) || known.owners.size > 0) return;
  here?.delete(sibling.name);
  await broker.destroyService(known.service);
}
