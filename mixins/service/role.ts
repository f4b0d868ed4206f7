import type { ServiceSchema } from "moleculer";
import { version } from "../../core/version.ts";

/** What a service of this package is. */
export type Role = "store" | "table" | "decider" | "process-manager" | "subscription";

/** What a service of this package publishes in the registry, as `metadata.$eventSourcing`. */
export interface PublishedRole {
  role: Role;
  /** The name of its event store. */
  store: string;
  /** Of a store: the identity of its log, once it is open. */
  log?: string;
}

const words: Record<Role, string> = {
  store: "Event store",
  table: "Read table",
  decider: "Decider",
  "process-manager": "Process manager",
  subscription: "Subscription",
};

/** The metadata by which tools find the services of this package, with the names that moleculer-db uses, too. */
export const metadataOf = ({ role, store }: PublishedRole): NonNullable<ServiceSchema["metadata"]> => ({
  $category: "event-sourcing",
  $description: role === "store" ? words.store : `${words[role]} of the event store ${store}`,
  $package: { name: "moleculer-event-sourcing", version },
  $eventSourcing: { role, store } satisfies PublishedRole,
});
