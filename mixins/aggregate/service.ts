import type { Context, Service, ServiceSchema } from "moleculer";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import type { Fields } from "../../core/rows/fields.ts";
import type { Mapping } from "../../core/rows/mapping.ts";
import { queryFieldsOf } from "../../core/query/query.ts";
import type { ReadTable } from "../../core/table/read-table.ts";
import { AggregateHost } from "./host.ts";
import { consumerActions, consumerInnerActions } from "../consumer/actions.ts";
import type { ErrorPolicy } from "../consumer/error-policy.ts";
import { EventCaller } from "../consumer/event-caller.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { consumerEvents } from "../consumer/events.ts";
import type { StartPlace } from "../consumer/start-from.ts";
import { progressEvent } from "../service/internal-events.ts";
import { consumerMetrics } from "../observability/metrics.ts";
import type { CompanionSchema } from "../service/companion.ts";
import { foldSpans } from "../observability/spans.ts";
import { readActionNames } from "../service/read-actions.ts";
import type { Scopes } from "../service/scopes.ts";
import { announcedRelease } from "../service/releases.ts";
import type { DbSettings } from "./db-settings.ts";
import { Folds } from "./fold/folds.ts";
import { pastActions } from "./past/actions.ts";
import { Past } from "./past/past.ts";
import { ownerOf, type OnChange } from "./rebuild/definition-change.ts";
import { RebuildReport } from "./rebuild/report.ts";
import { rebuildActions, rebuildInnerActions } from "./rebuild/actions.ts";
import type { ReportedRebuild } from "./rebuild/reported-progress.ts";
import { locateSnapshot, snapshotActions, snapshotInnerActions } from "./snapshots/actions.ts";
import { snapshotPlace, type SnapshotOptions } from "./snapshots/options.ts";
import { tableReads } from "./table-reads.ts";
import { tableSource } from "./table/source-from.ts";
import { Snapshots } from "./snapshots/snapshots.ts";
import { foldTokenOf } from "../service/fold-token.ts";
import type { Transform } from "./fold/transform.ts";
import { completeSchema, type ActionOverrides } from "../service/action-overrides.ts";
import { isPerCaller, splitActions, type TableExtension } from "./table-service.ts";

/** Gives other services of the process access to the folds of an aggregate's service. */
export interface FoldsOwner {
  evsFolds(): Folds;
}

interface Definition {
  name: string;
  /** The former name of a renamed table, otherwise its name. */
  storedName: string;
  store: string;
  leaseMs: number;
  catalogue: Catalogue;
  table: ReadTable;
  fields: Fields;
  mappings: readonly Mapping<Transform>[];
  policy: ErrorPolicy;
  readAfterTimeoutMs: number;
  definition: string;
  startFrom?: StartPlace | undefined;
  onChange: OnChange;
  settings: DbSettings;
  actions: ActionOverrides;
  scopes: Scopes;
  service: TableExtension | undefined;
  snapshots: SnapshotOptions | false;
}

/** Without the caches of the reading actions, which `readActions` makes from them. */
const withoutCaches = (overrides: ActionOverrides): ActionOverrides =>
  Object.fromEntries(
    Object.entries(overrides).map(([action, given = {}]) => {
      const { cache, ...others } = given;
      const isRead = (readActionNames as readonly string[]).includes(action);
      return [action, isRead || cache === undefined ? others : given];
    }),
  );

/** The service of an aggregate: the read actions of its table and the control of its fold. */
export function aggregateService(definition: Definition): CompanionSchema {
  const { name, storedName, store, catalogue, fields, mappings, policy, settings, actions, scopes } = definition;
  const owner = ownerOf(definition);
  const declared = queryFieldsOf(fields);
  let host: AggregateHost;
  let source: EventSource;
  let folds: Folds;
  let snapshots: Snapshots;
  let past: Past;
  let warn: (message: string) => void;

  const schema: CompanionSchema = {
    name,
    settings: settings as NonNullable<ServiceSchema["settings"]>,
    actions: {
      ...consumerActions(name, () => ({
        applyControl: (revision, isPatient) => host.applyControl(revision, isPatient),
        parked: (choice) => host.work.parked(choice),
        awaited: host.awaited,
        status: () => host.status(),
        change: (change) => source.change(change),
      })),
      ...pastActions({
        name,
        fields: declared,
        scopes,
        past: () => past,
        isFolding: (ctx) => foldTokenOf(ctx)?.table === name,
      }),
      ...rebuildActions(name, () => ({
        running: () => host.running(),
        built: (requestId) => host.built(requestId),
        change: (change) => source.change(change),
        control: () => host.control(),
        locate: async (broker, id, force) => {
          const { manifest } = await locateSnapshot(broker, name, id, force);
          return { id, position: manifest.position };
        },
      })),
      ...snapshotActions(name, () => snapshots),
    },
    inner: {
      ...consumerInnerActions(() => ({
        applyControl: (revision, isPatient) => host.applyControl(revision, isPatient),
        parked: (choice) => host.work.parked(choice),
        awaited: host.awaited,
      })),
      ...rebuildInnerActions(() => host),
      ...snapshotInnerActions(() => snapshots),
    },
    release: () => ({ ...announcedRelease(catalogue), owner, consumer: `${store}/${source.consumer}` }),
    // Lets a fold that another service of the process runs answer the queries of its transforms.
    methods: { evsFolds: () => folds },
    events: {
      ...consumerEvents(store, () => ({ host, source })),
      [progressEvent(name)]: (ctx: Context<ReportedRebuild>) => host.work.progressReport.noteReport(ctx.params),
    },
    created(this: Service) {
      const { broker, logger } = this;
      warn = (message) => logger.warn(message);
      const clearCache = this["clearCache" as keyof Service] as () => Promise<void>;
      const { nodeID: node } = broker;
      const caller = new EventCaller(broker);
      const spans = foldSpans({ broker, table: name });
      const { timeoutMs } = policy;
      folds = new Folds({ aggregate: name, node, fields: declared, caller, timeoutMs });
      const types = [...new Set(mappings.map(({ pattern }) => pattern))];
      source = tableSource(definition, { broker, consumer: `table/${storedName}`, owner, types });
      snapshots = new Snapshots({
        ...snapshotPlace(storedName, definition.snapshots, definition.table),
        aggregate: storedName,
        node,
        table: definition.table,
        fields,
        definition: definition.definition,
        logAfter: (position) => source.page(position, 0),
        // An event that the store has not accepted is recorded with a later page, so the worker is woken.
        record: (type, payload, id) =>
          source.record(`$table-${storedName}`, type, payload, id).finally(() => host.worker.wake()),
        warn: (message, details) => logger.warn(message, details),
      });
      past = new Past({
        ...definition,
        types,
        folds,
        source,
        livePosition: () => host.work.table.livePosition(),
        nearestSnapshot: (position) => snapshots.nearest(position),
        openSnapshot: (id) => snapshots.restore(id, ""),
        warn: (message, details) => logger.warn(message, details),
      });
      const report = new RebuildReport(broker, name);
      host = new AggregateHost({
        ...definition,
        owner,
        node,
        transforms: folds.begin(spans),
        source,
        metrics: consumerMetrics(broker, store, name, "table"),
        spans,
        snapshots: {
          has: (id, force) => snapshots.has(id, force),
          restore: (id, requestId, force) => snapshots.restore(id, requestId, { force }),
        },
        onProgress: (job, progress) => report.note(job, progress),
        onPage: () => void snapshots.tidy(),
        unrecorded: snapshots.unrecorded,
        onCommit: () => {
          reads.onCommit();
          clearCache().catch((error: unknown) => logger.warn("The cache was not cleaned", error));
        },
        info: (message, details) => logger.info(message, details),
        warn: (message, details) => logger.warn(message, details),
        debug: (message, details) => logger.debug(message, details),
        tell: (level, message) => logger[level](message),
      });
    },
    async started() {
      await host.start();
      await snapshots.start();
      host.worker.wake();
      past.start();
    },
    async stopped() {
      folds.shortenForShutdown();
      await past.stop();
      // A running backup ends together with the table.
      await Promise.all([snapshots.stop(), host.stop()]);
    },
  };
  const names = [...readActionNames, ...Object.keys(schema.actions ?? {})];
  const { service, overrides, disabled } = splitActions(name, definition.service ?? {}, names, actions);
  const reads = tableReads({
    name,
    store,
    owner,
    fields: declared,
    overrides,
    scopes,
    isPerCaller: isPerCaller(service, scopes),
    hosted: () => ({ host, source, folds, warn }),
  });
  completeSchema(schema, { role: "table", store }, readActionNames, withoutCaches(overrides));
  for (const action of disabled) schema.actions![action] = false;
  return { ...schema, mixins: [reads.mixin], ...(definition.service && { extension: service }) };
}
