import type { Context, Service, ServiceSchema } from "moleculer";
import type { AppendInput } from "../../core/log/append-request.ts";
import {
  catalogueChanges,
  emptyCatalogue,
  type Catalogue,
  type CurrentCatalogue,
} from "../../core/catalogue/catalogue.ts";
import type { NewerEvent } from "../../core/catalogue/newer-event.ts";
import { inWords } from "../../core/errors/problem.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { eventFields } from "../../core/query/event-fields.ts";
import type { PendingLimits } from "./append/pending-appends.ts";
import { pumpKey } from "./pump/pump-checkpoint.ts";
import type { PumpOptions } from "./pump/pump.ts";
import type { CompanionSchema } from "../service/companion.ts";
import { recordWritten } from "../service/read-after.ts";
import { storeMetrics } from "../observability/metrics.ts";
import { passingOn, readingNewer } from "../service/pass-on.ts";
import { readActionNames, readActions } from "../service/read-actions.ts";
import { announcedRelease, knowingNode } from "../service/releases.ts";
import { ownActions } from "../service/own-actions.ts";
import { appendSpan, markFailed } from "../observability/spans.ts";
import { consumerStoreActions } from "./actions/consumer-actions.ts";
import { deciderStoreActions } from "./actions/decider-actions.ts";
import { StoreHost, type StoreStatus } from "./host/host.ts";
import { DuplicateHosts } from "./host/duplicate-hosts.ts";
import { appendedEvent, leaseEvent } from "../service/internal-events.ts";
import { fileActions } from "./actions/file-actions.ts";
import { limitOf } from "./actions/find-limit.ts";
import { historyActions, verifyActions } from "./actions/history-actions.ts";
import { logReadActions } from "./actions/log-read-actions.ts";
import { linkActions } from "./actions/link-actions.ts";
import { pauseActions } from "./actions/pause-actions.ts";
import { relayActions, relayOf } from "./actions/relay-actions.ts";
import { metaOfAppend, storeMetaOf, type StoreMeta } from "./append/store-meta.ts";
import { appendTag, isKnownAppend, reusedBy, storedAppend } from "./actions/repeated-append.ts";
import { requestIds } from "./actions/request-ids.ts";
import { commandIdOf, headerCommandId } from "../service/command-header.ts";
import { traceActions } from "./actions/trace-actions.ts";
import type { PublishedRole } from "../service/role.ts";
import { completeSchema, type ActionOverrides } from "../service/action-overrides.ts";

interface Settings {
  catalogue: Catalogue;
  pump: PumpOptions;
  leaseMs: number;
  maxEventBytes: number;
  maxPending: PendingLimits;
  /** The folder of the files that actions write and read. */
  transferFolder: string;
  meta: StoreMeta | undefined;
  actions: ActionOverrides;
}

/** A store's service, as further definitions of the same store on the broker use it. */
export interface CatalogueOwner {
  /** Adopts what the service has not. Returns why it cannot, if the service has another one; null if not. */
  evsJoin(catalogue: Catalogue, meta: StoreMeta | undefined): string | null;
}

type Actions = NonNullable<ServiceSchema["actions"]>;
type Appending = Context<AppendInput, Record<string, unknown>>;

/** The Moleculer service of a store: its actions and events. */
export function storeService(name: string, log: EventLog, settings: Settings): CompanionSchema {
  let host: StoreHost;
  let duplicateHosts: DuplicateHosts;
  let published: PublishedRole;
  let isStarting: () => boolean;
  const catalogue: CurrentCatalogue = { current: settings.catalogue };
  let { meta } = settings;
  const isShared = log.capabilities.hosts === "many";
  const isBehind = () => host.building !== null;
  const append = async (ctx: Appending, isOfCaller: boolean) => {
    const span = ctx.broker.isTracingEnabled() ? appendSpan(ctx, name) : null;
    try {
      duplicateHosts.assertNone();
      const commandId = isOfCaller ? commandIdOf(ctx) : headerCommandId(ctx);
      const command = isOfCaller && commandId !== undefined ? appendTag(ctx, commandId) : undefined;
      const found = meta && metaOfAppend(name, meta, ctx, () => isKnownAppend(host, ctx.params, commandId));
      const storeMeta = found instanceof Promise ? await found : found;
      const context = { ...requestIds(ctx), commandId, isOfCaller, command, storeMeta };
      const appending = host.appends.append(ctx.params, context);
      const answer = await (command
        ? appending.catch((error: unknown) => storedAppend(ctx, name, command, error))
        : appending);
      recordWritten(ctx, { [name]: answer.position });
      const { position, events, repeated } = answer;
      span?.addTags({ position, events: events.length, repeated });
      return answer;
    } catch (error) {
      const refusal = reusedBy(ctx, error);
      if (span) markFailed(span, refusal);
      throw refusal;
    } finally {
      if (span) ctx.finishSpan(span);
    }
  };
  const hosted = () => ({ host, duplicateHosts, metaOf: (ctx: Context) => meta && storeMetaOf(name, meta, ctx) });
  // Only an engine with many hosts has another host to forward to.
  const forwarded = (actions: Actions) => (isShared ? passingOn(actions, isBehind) : actions);
  // Events of a newer release are read by a host of that release.
  const newerNodeFor = ({ broker }: Context, newer: NewerEvent) => knowingNode(broker, { store: name }, newer);
  const readAnywhere = (actions: Actions) => (isShared ? readingNewer(actions, newerNodeFor) : actions);
  // To refuse the appends of other nodes is to refuse them by every way.
  const { visibility = "public" } = settings.actions["append"] ?? {};
  const inner: Actions = {
    ...forwarded({
      // The store itself checks them, as those of `append`.
      append: { visibility, params: { $$strict: false }, handler: (ctx: Appending) => append(ctx, false) },
      ...consumerStoreActions(name, () => host),
      ...readAnywhere(deciderStoreActions(() => host)),
      ...historyActions(hosted),
    }),
    applyPumpControl: { handler: () => host.applyPumpControl() },
    ...relayActions(hosted, visibility),
  };
  const ofCallers: Actions = {
    append: { handler: (ctx: Appending) => append(ctx, true) },
    ...readAnywhere(logReadActions(() => host)),
    ...verifyActions(name, hosted),
    ...linkActions(hosted),
    ...traceActions(hosted),
  };
  const schema: CompanionSchema = {
    name,
    mixins: [
      readActions({
        fields: eventFields,
        ...(isShared && { isBehind, newerNodeFor }),
        reader: () => ({
          fields: eventFields,
          find: (query) => host.reader.find({ ...query, limit: limitOf(query.limit) }),
          count: (query) => host.reader.count(query),
          // Event ids are lowercase.
          toId: (id) => id.toLowerCase(),
          findByIds: (ids) => host.reader.findByIds(ids),
        }),
      }),
    ],
    actions: ownActions({
      ...forwarded(ofCallers),
      // Not forwarded: they act on this node.
      status: {
        params: { $$strict: true },
        async handler(): Promise<StoreStatus> {
          const status = await host.status();
          const cause = duplicateHosts.cause;
          return cause === null ? status : { ...status, state: "stopped", cause };
        },
      },
      ...pauseActions(name, () => host),
      ...fileActions(name, settings.transferFolder, hosted),
    }),
    inner,
    release: () => announcedRelease(catalogue.current),
    methods: {
      evsJoin(another: Catalogue, otherMeta: StoreMeta | undefined) {
        if (otherMeta && meta && String(otherMeta) !== String(meta))
          return "is already an event store on this broker, and its option meta must be the same or none";
        meta ??= otherMeta;
        if (catalogue.current === emptyCatalogue) catalogue.current = another;
        const changes = another === emptyCatalogue ? [] : catalogueChanges(another, catalogue.current);
        if (changes.length === 0) return null;
        return `is already an event store on this broker, and its catalogue must be the same or none: ${inWords(changes)}`;
      },
    },
    events: {
      // The pump waits for it: before, an event would be lost for a service that has not started yet.
      "$broker.started": () => host.pump.release(),
      // Another host may have stored the events that this host's pump emits.
      ...(isShared && {
        [appendedEvent(name)]: (ctx: Context<{ position: number }>) => host.pump.wake(ctx.params.position),
        [leaseEvent(name)]: (ctx: Context<{ consumer: string; to?: string }>) => {
          const { consumer, to = ctx.broker.nodeID } = ctx.params;
          if (consumer === pumpKey && to === ctx.broker.nodeID) host.pump.takeOver();
        },
      }),
      "$services.changed": () => duplicateHosts.check(),
      "$node.connected": () => duplicateHosts.check(),
      "$node.updated": () => duplicateHosts.check(),
    },
    created(this: Service) {
      const { broker, logger } = this;
      isStarting = () => !broker.started;
      duplicateHosts = new DuplicateHosts(broker, name, isShared);
      published = this.metadata["$eventSourcing"] as PublishedRole;
      for (const [type, { schemaVersion: version, upcasters }] of catalogue.current.entries)
        if (upcasters.size < version - 1)
          logger.warn(`${name}: ${type} is at version ${version}, but not every older version has an upcaster`, {
            upcasters: [...upcasters.keys()],
          });
      // Logs a transporter's error instead of throwing it: without the hint, a table notices the change at its next poll.
      const announce = async (event: string, params: object, send: "broadcast" | "broadcastLocal" = "broadcast") => {
        try {
          await broker[send](event, params);
        } catch (error) {
          logger.warn(`The internal event ${event} was not sent`, error);
        }
      };
      host = new StoreHost({
        name,
        log,
        catalogue,
        pump: settings.pump,
        relay: relayOf(broker, name),
        knowingNode: (newer) => knowingNode(broker, { store: name }, newer),
        leaseMs: settings.leaseMs,
        maxEventBytes: settings.maxEventBytes,
        maxPending: settings.maxPending,
        onOpen: (identity) => {
          published.log = identity;
          duplicateHosts.log = identity;
        },
        deliver: (event) => {
          const { correlationId } = event.meta;
          return broker.emit(event.type, event, {
            requestID: correlationId,
            meta: { correlationId, causationId: event.id },
          });
        },
        announce,
        metrics: storeMetrics(broker, name),
        warn: (message, details) => logger.warn(message, details),
        debug: (message, details) => logger.debug(message, details),
        logMessage: (level, message) => logger[level](message),
      });
    },
    async started() {
      duplicateHosts.check();
      await host.start(isStarting);
    },
    stopped: () => host.stop(),
  };
  completeSchema(schema, { role: "store", store: name }, readActionNames, settings.actions);
  return schema;
}
