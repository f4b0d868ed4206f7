import { definitionHash } from "../../../core/rows/definition.ts";
import { sameFields, type Fields } from "../../../core/rows/fields.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";
import type { EventSource } from "../../consumer/event-source.ts";
import { otherLog } from "../../consumer/other-log.ts";

export interface StartDependencies {
  name: string;
  table: ReadTable;
  fields: Fields;
  /** The result of `describeDefinition`. */
  definition: string;
  source: Pick<EventSource, "page">;
  /** Restores the newest snapshot up to this position as a separate generation; null if there is none. */
  nearestSnapshot: (position: number) => Promise<Generation | null>;
  warn: (message: string, details: object) => void;
}

type CopyOfLive = () => Promise<{ generation: Generation }>;

/** Below this number of events, a fold is faster than a copy of the live table. */
const eventsWorthACopy = 5000;

/**
 * The generation from which a temporary table is folded: a copy of the live table or a snapshot, folded up to `atMost` at
 * most, or an empty one.
 */
export async function startGeneration(
  d: StartDependencies,
  atMost: number,
  copyOfLive: CopyOfLive,
): Promise<Generation> {
  const { table, fields, definition, nearestSnapshot } = d;
  for (const offer of [() => liveUpTo(d, atMost, copyOfLive), () => nearestSnapshot(atMost)]) {
    const offered = atMost > 0 ? await orNull(d, offer) : null;
    if (!offered) continue;
    if (await fits(d, offered, atMost)) return offered;
    await table.drop(offered);
  }
  return table.build(fields, { definition, requestId: "" });
}

async function liveUpTo(d: StartDependencies, atMost: number, copyOfLive: CopyOfLive): Promise<Generation | null> {
  const live = d.table.live();
  const reached = (await live.progress()).position;
  const isOffered = reached >= eventsWorthACopy && (await fits(d, live, atMost));
  return isOffered ? (await copyOfLive()).generation : null;
}

/** If a copy or snapshot fails, the table is folded from the beginning, which only takes longer. */
async function orNull(
  { name, warn }: StartDependencies,
  offer: () => Promise<Generation | null>,
): Promise<Generation | null> {
  try {
    return await offer();
  } catch (error) {
    warn(`${name}: a table of the past is folded from the beginning`, { error: String(error) });
    return null;
  }
}

/** True if the generation equals a fold from the beginning: same log and definition, in order, nothing parked. */
async function fits(
  { fields, definition, source }: StartDependencies,
  generation: Generation,
  atMost: number,
): Promise<boolean> {
  if (
    definitionHash(generation.origin.definition) !== definitionHash(definition) ||
    !sameFields(generation.fields, fields)
  )
    return false;
  const progress = await generation.progress();
  if (progress.position > atMost || progress.reordered || (await generation.parked()).length > 0) return false;
  return otherLog(progress, await source.page(progress.position, 0)) === null;
}
