import type { Context } from "moleculer";
import { decide, type DeciderDefinition } from "../../core/decider.ts";
import type { DecidedEvent } from "../../core/decided-event.ts";
import { CommandIdReusedError } from "../../core/decider-errors.ts";
import { DefinitionError } from "../../core/errors.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { fold } from "../../core/rehydrate.ts";
import type { AppendAnswer } from "../event-store/host.ts";
import type { Appending } from "./appending.ts";
import type { CommandCall, CommandTag } from "./command-call.ts";
import { earlierEvents } from "./earlier-events.ts";
import type { Entities, Entity } from "./entities.ts";
import type { SnapshotWriter } from "./snapshot-writer.ts";
import { Turns } from "./turns.ts";

/** What a command answers: its events, and the version and position of the last; without events, those of the stream as it is. */
export interface CommandAnswer {
  events: RecordedEvent[];
  version: number;
  position: number;
}

interface Dependencies {
  decider: DeciderDefinition;
  store: string;
  entities: Entities;
  appending: Appending;
  snapshots: SnapshotWriter;
  tellDefect: (message: string, error: unknown) => void;
}

/** Decides commands, those of one stream one after the other, and stores what they come to. */
export class Commands {
  readonly #d: Dependencies;
  readonly #turns = new Turns();
  /** The call whose turn it is, by stream. */
  readonly #running = new Map<string, Context>();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  run(call: CommandCall): Promise<CommandAnswer> {
    this.#refuseWithin(call);
    return this.#turns.run(call.stream, () => this.#inTurn(call));
  }

  /** @throws DefinitionError where a command would wait for the very command that waits for it */
  #refuseWithin({ ctx, stream, tag }: CommandCall): void {
    const running = this.#running.get(stream);
    if (!running) return;
    for (let above = parentOf(ctx); above; above = parentOf(above))
      if (above === running)
        throw new DefinitionError({
          field: `${String(running.action?.name)}: decide`,
          found: `a call of ${tag.name} for the same entity`,
          expected: "none, as commands for one entity run one after the other",
        });
  }

  async #inTurn(call: CommandCall): Promise<CommandAnswer> {
    this.#running.set(call.stream, call.ctx);
    try {
      return await this.#run(call);
    } finally {
      this.#running.delete(call.stream);
    }
  }

  async #run(call: CommandCall): Promise<CommandAnswer> {
    const { decider, entities } = this.#d;
    const { ctx, stream } = call;
    const hot = entities.hot(stream);
    let entity = hot ?? (await entities.load(ctx, stream, null));
    let isFresh = hot === undefined;
    for (let conflicts = 0; ;) {
      const decided = await this.#decide(call, entity);
      if (!Array.isArray(decided) || decided.length === 0) {
        if (!isFresh) {
          // What was not known here may be what it was refused for: a deposit on another node.
          const { version } = entity;
          entity = await entities.load(ctx, stream, entity);
          isFresh = true;
          if (entity.version !== version) continue;
        }
        const earlier = await this.#earlier(call);
        if (earlier) return earlier;
        if (!Array.isArray(decided)) throw decided.error;
        return { events: [], version: entity.version, position: entity.position };
      }
      try {
        return this.#stored(call, entity, await this.#d.appending.append(call, entity.version, decided));
      } catch (error) {
        const { type, data } = (error ?? {}) as { type?: unknown; data?: { actual?: number } };
        const earlier = type === "EVENT_ID_REUSED" ? await this.#earlier(call) : null;
        if (earlier) return earlier;
        if (type !== "DUPLICATE_CLAIM") entities.drop(stream);
        if (type !== "VERSION_CONFLICT" || conflicts >= decider.retries) throw error;
        conflicts++;
        await pause(conflicts);
        // Fewer events than were seen are another history: then nothing that was kept counts.
        const isOther = (data?.actual ?? 0) < entity.version;
        const news: RecordedEvent[] = [];
        entity = await entities.load(ctx, stream, isOther ? entities.unborn() : entity, (events) =>
          news.push(...events),
        );
        isFresh = true;
        // The append was stored, and its answer lost: it was sent again, by a middleware, and met itself.
        const own = news.filter(({ meta }) => isOf(call.tag, meta["command"]));
        if (own.length > 0) return this.#answer(call, own);
      }
    }
  }

  async #decide({ command, ctx }: CommandCall, { state }: Entity): Promise<DecidedEvent[] | { error: unknown }> {
    try {
      return await decide(this.#d.decider, command, state, ctx.params, ctx);
    } catch (error) {
      return { error };
    }
  }

  #stored(call: CommandCall, entity: Entity, { events, version, position, repeated }: AppendAnswer): CommandAnswer {
    const { decider, entities, snapshots } = this.#d;
    const { stream } = call;
    if (repeated) {
      if (version > entity.version) entities.drop(stream);
      return this.#answer(call, events);
    }
    try {
      const next = fold(decider, entity, events);
      const isDue = decider.snapshotEvery !== null && version - entity.snapshotVersion >= decider.snapshotEvery;
      entities.keep(stream, { ...next, snapshotVersion: isDue ? version : entity.snapshotVersion });
      if (isDue) snapshots.save(stream, next);
    } catch (error) {
      // They are stored, so they are answered; the next command meets the same error before it can store anything.
      entities.drop(stream);
      this.#d.tellDefect(`${stream}: no state follows from events that were just stored`, error);
    }
    return { events, version, position };
  }

  /** The answer of the first time, where this command was sent before. */
  async #earlier(call: CommandCall): Promise<CommandAnswer | null> {
    if (call.key === undefined) return null;
    const events = await earlierEvents(call.ctx, this.#d.store, call.key);
    return events.length === 0 ? null : this.#answer(call, events);
  }

  /** @throws CommandIdReusedError */
  #answer({ tag }: CommandCall, events: RecordedEvent[]): CommandAnswer {
    const last = events.at(-1)!;
    const { hash } = (last.meta["command"] ?? {}) as Partial<CommandTag>;
    if (hash !== tag.hash) throw new CommandIdReusedError(tag.id, tag.name);
    return { events, version: last.version, position: last.position };
  }
}

const parentOf = (ctx: Context) => (ctx.options as { parentCtx?: Context } | undefined)?.parentCtx;

const isOf = ({ id, name }: CommandTag, tag: unknown): boolean => {
  const found = (tag ?? {}) as Partial<CommandTag>;
  return found.id === id && found.name === name;
};

/** Many that want the same stream get out of each other's way. */
async function pause(conflicts: number): Promise<void> {
  if (conflicts <= 3) return;
  await new Promise((turn) => setTimeout(turn, Math.random() * Math.min(200, 5 * 2 ** (conflicts - 3))));
}
