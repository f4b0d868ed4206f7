import type { Adapter } from "../../core/adapter.ts";
import type { EventMap } from "../../core/event/recorded-event.ts";
import type { FieldsInput } from "../../core/rows/fields.ts";
import type { OnError } from "../consumer/error-policy.ts";
import type { StartPlace } from "../consumer/start-from.ts";
import type { EventStore } from "../event-store/event-store.ts";
import type { ActionOverrides } from "../service/action-overrides.ts";
import type { TableActionName } from "../service/action-names.ts";
import type { ScopeSettings } from "../service/scopes.ts";
import type { DbSettings } from "./db-settings.ts";
import type { OnChange } from "./rebuild/definition-change.ts";
import type { TableService } from "./table-service.ts";
import type { SnapshotOptions } from "./snapshots/options.ts";

/** The options of `Aggregate`. */
export interface AggregateOptions<Events extends EventMap, Fields extends FieldsInput>
  extends DbSettings, ScopeSettings {
  eventStore: EventStore<Events>;
  /** The columns of the table: a type, or `{type, index, unique, required}`. Every row also has an `id`. */
  fields: Fields;
  /**
   * The place in the log at which the table begins: `{ position }`, after the event there, or `{ time }`, at the first event
   * that is not older. It belongs to the definition: every fold begins there. Default: the first event.
   */
  startFrom?: StartPlace;
  /**
   * The name that it had before it was renamed: its rows, snapshots, pause and skips stay where they are stored under the
   * former name. Keep the option; without it, the table is folded anew.
   */
  formerName?: string;
  /** The table's storage: a connection string or an adapter. Default: a SQLite file beside the store's. */
  adapter?: string | Adapter;
  /** Retries and timeouts for an event that cannot be folded. */
  onError?: OnError;
  /** How long a read waits until the table has reached `meta.readAfter`, in milliseconds. Default 5000. */
  readAfterTimeoutMs?: number;
  /**
   * The version of the transforms: change it when they fold different rows. Advised in production. With a version, the source of function
   * transforms is not compared. A change of an action transform can only be declared by the version, because just its name
   * is known.
   */
  definitionVersion?: string | number;
  /**
   * What to do at a start if the definition (event types, their schema versions, operations, transforms, fields) has
   * changed since the table was folded. `"rebuild"`, the default, folds a new table in the background; queries read the old
   * one until then, which other nodes of the earlier definition fold on. `"warn"` warns in log and `status` until you call
   * `rebuild`; the old table is still folded, unless its fields have changed. `"refuse"` fails the start.
   */
  onChange?: OnChange;
  /** The folder of its snapshots, and how many are kept; false disables snapshots. */
  snapshots?: SnapshotOptions | false;
  /** Options of the service's actions: `{ list: { visibility: "published", rest: "GET /" } }`. Default: `public`. */
  actions?: ActionOverrides<TableActionName>;
  /**
   * What the table's service has besides: settings, hooks, actions, methods, events and lifecycle handlers of yours.
   * Moleculer merges them over the table's own, as a service over its mixins.
   *
   * @example service: { hooks: { before: { find: "onlyOwn" } }, actions: { count: false }, methods: { onlyOwn(ctx) { … } } }
   */
  service?: TableService;
}
