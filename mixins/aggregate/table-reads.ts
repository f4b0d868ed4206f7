import type { Context } from "moleculer";
import { newEventId } from "../../core/event/event-id.ts";
import type { QueryFields } from "../../core/query/query.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { ActionOverrides } from "../service/action-overrides.ts";
import { foldTokenOf } from "../service/fold-token.ts";
import type { Mixin } from "../service/mixin.ts";
import { NewerRows } from "../service/newer-rows.ts";
import { readActions, type Reader } from "../service/read-actions.ts";
import type { Scopes } from "../service/scopes.ts";
import { readAfter } from "../service/read-after.ts";
import type { Folds } from "./fold/folds.ts";
import type { AggregateHost } from "./host.ts";
import { generationReader, readerOf } from "./table/readers.ts";

interface Dependencies {
  name: string;
  store: string;
  owner: string;
  fields: QueryFields;
  /** The options of the table's actions. */
  overrides: ActionOverrides;
  scopes: Scopes;
  /** An answer may depend on its caller, by a hook or a scope. */
  isPerCaller: boolean;
  hosted: () => { host: AggregateHost; source: EventSource; folds: Folds; warn: (message: string) => void };
}

/** The limit of tables that a warning names: a caller may forge any name. */
const maxWarned = 100;

const hasToken = ({ meta }: Context) => (meta as { $fold?: unknown }).$fold !== undefined;

/** The actions of a table that read rows, and what to call after each commit. */
export function tableReads(dependencies: Dependencies): { mixin: Mixin; onCommit: () => void } {
  const { name, store, owner, fields, overrides, scopes, isPerCaller, hosted } = dependencies;
  const warnedOf = new Set<string>();
  /** With the number of commits, unique among all hosts of the table. */
  const instance = newEventId();
  let commits = 0;

  const liveReader = () => generationReader(hosted().host.live);
  const reader = (ctx: Context): Reader | Promise<Reader> => {
    const { host, folds, warn } = hosted();
    const token = foldTokenOf(ctx);
    if (token?.table === name) return readerOf(fields, folds.rowsFor(token.id));
    if (token && !warnedOf.has(token.table) && warnedOf.size < maxWarned) {
      warnedOf.add(token.table);
      warn(`A transform of ${token.table} queries ${name}: it gets today's rows, so it cannot be replayed faithfully`);
    }
    // A fold must never wait for another, because the two could wait for each other.
    const position = token ? 0 : readAfter(ctx, store);
    return host.isBehind(position) ? host.caughtUpTo(position).then(liveReader) : liveReader();
  };
  const isBehind = (ctx: Context) => hosted().host.isBehind(readAfter(ctx, store));
  const newerRows = new NewerRows({
    newer: (ctx) => (hasToken(ctx) ? null : hosted().host.newer),
    nodesFor: (newer) => hosted().source.newerNodes(name, newer),
    asked: (ctx) => readAfter(ctx, store),
    position: () => hosted().host.work.table.livePosition(),
  });
  const mixin = readActions({
    fields,
    scopes,
    reader,
    isOwnFold: (ctx) => foldTokenOf(ctx)?.table === name,
    // A batch is visible on its own node only; the rows of another node would be silently wrong.
    nodeFor: (ctx) => {
      const token = foldTokenOf(ctx);
      return token?.table === name && token.node !== ctx.broker.nodeID ? token.node : null;
    },
    isBehind: (ctx) => hosted().host.isFarBehind && !hasToken(ctx),
    peers: () => hosted().source.nodesOfOwner(name, owner),
    newerNodeFor: (ctx, newer) => (hasToken(ctx) ? null : (newerRows.nodes(ctx.broker, newer)[0] ?? null)),
    newerRows,
    // A transform's view changes with every event. A caller that reads its own write must not get an older answer.
    cache: {
      isFor: (ctx) => {
        const { host } = hosted();
        const isLive = !host.work.table.isShared && !host.isFarBehind && !hasToken(ctx);
        return isLive && !isBehind(ctx) && !newerRows.areElsewhere(ctx);
      },
      version: () => `${instance}-${commits}`,
      given: (action) => overrides[action]?.cache,
      // The cacher runs before the hooks: its key would be that of another caller.
      needsKeys: (action) => isPerCaller || overrides[action]?.hooks !== undefined,
    },
  });
  return { mixin, onCommit: () => void commits++ };
}
