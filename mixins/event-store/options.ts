import type { Context } from "moleculer";
import type { Adapter } from "../../core/adapter.ts";
import type { EventDefinition, UnknownTypes } from "../../core/catalogue/catalogue.ts";
import type { AnyEvents, EventMap } from "../../core/event/recorded-event.ts";
import type { StoreActionName } from "../service/action-names.ts";
import type { ActionOverrides } from "../service/action-overrides.ts";
import type { PendingLimits } from "./append/pending-appends.ts";
import type { PumpOptions } from "./pump/pump.ts";

/** The options of `EventStore`. */
export interface EventStoreOptions<Events extends EventMap = AnyEvents> {
  /** The log's storage: a connection string (`sqlite:<path>`) or an adapter. Default `sqlite:data/<name>.db`. */
  adapter?: string | Adapter;
  /** The catalogue: by event type the schema of its payload, the schema's version, and upcasters from older ones. */
  events?: { readonly [Type in keyof NoInfer<Events>]?: EventDefinition };
  /** Whether an event of a type that is not in the catalogue is stored without checks (the default) or rejected. */
  unknownTypes?: UnknownTypes;
  pump?: Partial<PumpOptions>;
  /**
   * The duration of a lease, in milliseconds. After a crash, the pump, a subscription, a process manager or a shared table
   * of the node pauses so long before another node takes over. A lease is renewed three times in this duration. From 1000
   * to 60,000; default 3000.
   */
  leaseMs?: number;
  /** Largest payload and meta of one event together, in bytes of JSON. Default 512 KiB, which every transporter carries. */
  maxEventBytes?: number;
  /**
   * Limits of the appends that wait for their commit on a host: their number, and the bytes of their JSON. Default 10,000
   * and 64 MiB. Further appends are rejected with StoreUnavailableError.
   */
  maxPending?: Partial<PendingLimits>;
  /**
   * The folder of the files that the actions `backup`, `export` and `import` write and read. A path outside of it is
   * rejected. Default: the folder of the store's file, or `data` if the log is on a server or in memory.
   */
  transferFolder?: string;
  /**
   * Fields that the store adds to the meta of every event that a call stores: by mapped actions, commands and `append`. It
   * gets the context of the append, whose `meta` is that of the caller. Fields of the event's own meta take precedence.
   * Synchronous. If it throws, or returns anything but an object or nothing, nothing is stored: DefinitionError. The node
   * that hosts the store calls it.
   *
   * @example EventStore("shop", { meta: (ctx) => ({ by: ctx.meta.user }) })
   */
  meta?(this: void, ctx: Context<unknown, Record<string, unknown>>): Record<string, unknown> | null | undefined;
  /** False if another node hosts the store. Mapped actions then call it over the broker. */
  host?: boolean;
  /** Options of the service's actions, such as `{ append: { visibility: "protected" } }`. Default: `public`. */
  actions?: ActionOverrides<StoreActionName>;
}
