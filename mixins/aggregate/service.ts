import type { Context, Service, ServiceSchema } from "moleculer";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import type { Fields } from "../../core/rows/fields.ts";
import type { Mapping } from "../../core/rows/mapping.ts";
import { queryFieldsOf } from "../../core/query/query.ts";
import type { ReadTable } from "../../core/table/read-table.ts";
import { newEventId } from "../../core/event/event-id.ts";
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
import { NewerRows } from "../service/newer-rows.ts";
import { readAfter } from "../service/read-after.ts";
import { readActionNames, readActions, type Reader } from "../service/read-actions.ts";
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
import { generationReader, readerOf } from "./table/readers.ts";
import { tableSource } from "./table/source-from.ts";
import { Snapshots } from "./snapshots/snapshots.ts";
import { foldTokenOf } from "../service/fold-token.ts";
import type { Transform } from "./fold/transform.ts";
import { completeSchema, type ActionOverrides } from "../service/action-overrides.ts";

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
  snapshots: SnapshotOptions | false;
}

/** The limit of tables that a warning names: a caller may forge any name. */
const maxWarned = 100;

const hasToken = ({ meta }: Context) => (meta as { $fold?: unknown }).$fold !== undefined;

/** The service of an aggregate: the read actions of its table and the control of its fold. */
export function aggregateService(definition: Definition): CompanionSchema {
  const { name, storedName, store, catalogue, fields, mappings, policy, settings, actions } = definition;
  const owner = ownerOf(definition);
  const declared = queryFieldsOf(fields);
  const warnedOf = new Set<string>();
  let host: AggregateHost;
  let source: EventSource;
  let folds: Folds;
  let snapshots: Snapshots;
  let past: Past;
  /** With the number of commits, unique among all hosts of the table. */
  const instance = newEventId();
  let commits = 0;
  let warn: (message: string) => void;

  const reader = (ctx: Context): Reader | Promise<Reader> => {
    const token = foldTokenOf(ctx);
    if (token?.table === name) return readerOf(declared, folds.rowsFor(token.id));
    if (token && !warnedOf.has(token.table) && warnedOf.size < maxWarned) {
      warnedOf.add(token.table);
      warn(`A transform of ${token.table} queries ${name}: it gets today's rows, so it cannot be replayed faithfully`);
    }
    // A fold must never wait for another, because the two could wait for each other.
    const position = token ? 0 : readAfter(ctx, store);
    return host.isBehind(position) ? host.caughtUpTo(position).then(liveReader) : liveReader();
  };
  const liveReader = () => generationReader(host.live);
  const newerRows = new NewerRows({
    newer: (ctx) => (hasToken(ctx) ? null : host.newer),
    nodesFor: (newer) => source.newerNodes(name, newer),
    asked: (ctx) => readAfter(ctx, store),
    position: () => host.work.table.livePosition(),
  });

  const schema: CompanionSchema = {
    name,
    settings: settings as NonNullable<ServiceSchema["settings"]>,
    mixins: [
      readActions({
        fields: declared,
        reader,
        // A batch is visible on its own node only; the rows of another node would be silently wrong.
        nodeFor: (ctx) => {
          const token = foldTokenOf(ctx);
          return token?.table === name && token.node !== ctx.broker.nodeID ? token.node : null;
        },
        isBehind: (ctx) => host.isFarBehind && !hasToken(ctx),
        peers: () => source.nodesOfOwner(name, owner),
        newerNodeFor: (ctx, newer) => (hasToken(ctx) ? null : (newerRows.nodes(ctx.broker, newer)[0] ?? null)),
        newerRows,
        // A transform's view changes with every event. A caller that reads its own write must not get an older answer.
        cache: {
          isFor: (ctx) =>
            !host.work.table.isShared &&
            !host.isFarBehind &&
            !hasToken(ctx) &&
            !host.isBehind(readAfter(ctx, store)) &&
            !newerRows.areElsewhere(ctx),
          version: () => `${instance}-${commits}`,
        },
      }),
    ],
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
          commits++;
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
  completeSchema(schema, { role: "table", store }, readActionNames, actions);
  return schema;
}
