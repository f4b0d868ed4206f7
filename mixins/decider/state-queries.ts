import type { Context } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";
import { isoDate } from "../../core/rows/fields.ts";
import type { Folded } from "../../core/decider/rehydrate.ts";
import { entityStream } from "./command-call.ts";
import { entityId } from "../../core/event/params-id.ts";
import type { HistoryPage } from "../event-store/actions/history-page.ts";
import type { DeciderHost } from "./host.ts";

export interface StateParams {
  id: string | number;
  /** After the event of this version. */
  version?: number;
  /** After the last event at or before it; ISO 8601. */
  time?: unknown;
}

/** A state, and the version, position and time of its last event; 0, 0 and null if there is none. */
export interface StateAnswer {
  state: unknown;
  version: number;
  position: number;
  time: string | null;
}

export interface HistoryParams {
  id: string | number;
  afterVersion?: number;
  /** In place of `afterVersion` if `backward`. */
  beforeVersion?: number;
  /** Default 100. */
  limit?: number;
  backward?: boolean;
}

/** The state of an entity now, or at a version or time. @throws ValidationError if its stream has no such version */
export async function stateAt(host: DeciderHost, ctx: Context<StateParams>): Promise<StateAnswer> {
  const stream = entityStream(host.decider, entityId(ctx.params));
  const { state, version, position, time } = await foldedAt(host, ctx, stream);
  return { state, version, position, time };
}

async function foldedAt({ entities }: DeciderHost, ctx: Context<StateParams>, stream: string): Promise<Folded> {
  const { version, time } = ctx.params;
  if (time !== undefined) {
    const moment = isoDate(time);
    if (moment === undefined || version !== undefined)
      throw new ValidationError([{ field: "time", found: time, expected: "an ISO 8601 time, without a version" }]);
    return entities.past(ctx, stream, (event) => event.time <= moment);
  }
  if (version === undefined) return entities.load(ctx, stream, entities.cached(stream) ?? null);
  const folded = await entities.past(ctx, stream, (event) => event.version <= version);
  if (folded.version === version) return folded;
  throw new ValidationError([
    { field: "version", found: version, expected: `a version that stream ${stream} has: 0 to ${folded.version}` },
  ]);
}

/** A page of an entity's events, ordered by version. */
export async function history({ decider, store }: DeciderHost, ctx: Context<HistoryParams>): Promise<HistoryPage> {
  const { id: _, ...page } = ctx.params;
  const stream = entityStream(decider, entityId(ctx.params));
  return ctx.call(`${store}.read`, { stream, ...page });
}
