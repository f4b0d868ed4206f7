import type { CatalogueEvents, EventCatalogue } from "../../core/catalogue/catalogue.ts";
import type { Mixin } from "../service/mixin.ts";
import type { EventStore } from "./event-store.ts";

/**
 * The event types of a store, or of a separate catalogue, with their payloads.
 *
 * @example type Opened = EventsOf<typeof events>["account.opened"];
 */
export type EventsOf<Source extends { mixin: () => Mixin } | EventCatalogue> =
  Source extends EventStore<infer Events> ? Events : Source extends EventCatalogue ? CatalogueEvents<Source> : never;
