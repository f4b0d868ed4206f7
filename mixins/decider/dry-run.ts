import { decide } from "../../core/decider/decider.ts";
import { callInner } from "../service/between-nodes.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { fold } from "../../core/decider/rehydrate.ts";
import type { CommandCall } from "./command-call.ts";
import type { DeciderHost } from "./host.ts";

/** The result of `dryRun`: the events that the command would store, and the state and version after them. */
export interface DryRunAnswer {
  /** Their position is 0, because they are not stored. */
  events: RecordedEvent[];
  state: unknown;
  version: number;
}

type Draft = Pick<RecordedEvent, "id" | "type" | "payload" | "meta">;

/** Decides a command on the entity's current state and makes every check of an append, but stores nothing. */
export async function dryRun(host: DeciderHost, call: CommandCall): Promise<DryRunAnswer> {
  const { decider, store, entities, claims, appender } = host;
  const { command, ctx, stream, tag } = call;
  const entity = await entities.load(ctx, stream, entities.cached(stream) ?? null);
  const decided = await decide(decider, command, entity.state, ctx.params, ctx);
  if (decided.length === 0) return { events: [], state: entity.state, version: entity.version };
  const events = appender.toStore(decided);
  const changes = claims.changes(stream, events);
  const drafts = await callInner<Draft[]>(ctx, store, "draft", { stream, events, command: tag });
  await claims.check(ctx, stream, changes);
  const time = new Date().toISOString();
  const recorded = drafts.map((draft, index) => ({
    ...draft,
    stream,
    version: entity.version + 1 + index,
    position: 0,
    time,
  }));
  const { state, version } = fold(decider, entity, recorded);
  return { events: recorded, state, version };
}
