import { randomUUID } from "node:crypto";
import { contentOf, speculativeEvent, type Speculation } from "../../core/log/speculative.ts";
import type { EventInput, NewEvent } from "../../core/log/new-event.ts";
import { isPlainJson } from "../../core/decider/options.ts";
import { evolve, type DeciderDefinition } from "../../core/decider/decider.ts";
import { freezeDeep } from "../../core/json/freeze.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import { times } from "../../core/concurrency/times.ts";
import type { Entity } from "./entities.ts";

/** What a command is decided on: what is stored, or what will be once the append `after` is. */
export interface BaseState {
  entity: Entity;
  /** Null: it is stored. Else only state and version are those of the entity. */
  dependsOn: string | null;
}

type Body = Pick<NewEvent, "type" | "payload" | "payloadText">;

/** Events on their way to the store, as it will keep them. */
export interface Sending {
  speculation: Speculation;
  events: readonly Body[];
}

/** The appends of one stream that are on their way. */
interface Pipeline {
  base: BaseState;
  /** What is not folded into the base yet, and the name of its append. */
  last: Sending;
  readonly ends: Set<Promise<unknown>>;
  isBroken: boolean;
}

const maxOnTheirWay = 100;

/** The states that will follow from what was sent to the store and is not answered yet. */
export class SpeculativeState {
  readonly #decider: DeciderDefinition;
  readonly #node = randomUUID();
  #count = 0;
  readonly #pipelines = new Map<string, Pipeline>();
  /** A state that JSON does not carry may be changed in place without anybody noticing. */
  #allowedFrom: number;
  readonly #look = () => void (this.#allowedFrom = Infinity);

  constructor(decider: DeciderDefinition) {
    this.#decider = decider;
    this.#allowedFrom = isPlainJson(decider.initialState()) ? 0 : Infinity;
  }

  /** The state after all that was sent; null where nothing is on its way, or nothing can be told before that has ended. */
  async base(stream: string): Promise<BaseState | null> {
    for (let line = this.#pipelines.get(stream); line; line = this.#pipelines.get(stream)) {
      if (line.isBroken || !this.#isAllowed() || !this.#fold(stream, line)) return null;
      if (line.ends.size < maxOnTheirWay) return { entity: line.base.entity, dependsOn: line.last.speculation.id };
      await Promise.race(line.ends);
    }
    return null;
  }

  /** Nothing of the stream is on its way any more. */
  async ended(stream: string): Promise<void> {
    for (let line = this.#pipelines.get(stream); line; line = this.#pipelines.get(stream)) await Promise.all(line.ends);
  }

  /**
   * What is to be sent with an append so that the next command need not wait for it; null where it has to. To be asked
   * last: whatever was made of what nobody can know yet has been looked at by then.
   */
  sending({ dependsOn: after }: BaseState, input: readonly EventInput[]): Sending | null {
    const events: Body[] = [];
    for (const { type, payload, meta } of input) {
      const json = toJson("payload", payload);
      if (isProblem(json) || isProblem(toJson("meta", meta))) return null;
      events.push({ type, payload: json.value, payloadText: json.text });
    }
    if (!this.#isAllowed()) return null;
    return {
      speculation: { id: `${this.#node}/${++this.#count}`, dependsOn: after, content: contentOf(events) },
      events,
    };
  }

  /** The next command is decided on what follows from this one. `end` settles when all that comes of it is done. */
  sent(stream: string, base: BaseState, last: Sending, end: Promise<unknown>): void {
    let line = this.#pipelines.get(stream);
    if (!line) this.#pipelines.set(stream, (line = { base, last, ends: new Set(), isBroken: false }));
    Object.assign(line, { base, last });
    const { ends } = line;
    const done = () => {
      ends.delete(settled);
      if (ends.size === 0) this.#pipelines.delete(stream);
    };
    const settled: Promise<void> = end.then(done, done);
    ends.add(settled);
  }

  /** One of those that were sent was not stored as it was sent: nothing more is decided on it. */
  break(stream: string): void {
    const line = this.#pipelines.get(stream);
    if (line) line.isBroken = true;
  }

  /** The store cannot tell what follows from what: for a while it is not asked. */
  pause(): void {
    this.#allowedFrom = Math.max(this.#allowedFrom, performance.now() + times.speculation.pauseMs);
  }

  #isAllowed(): boolean {
    return performance.now() >= this.#allowedFrom;
  }

  /** Only now, as most often nobody asks. False where no state follows, or one that depends on what nobody knows. */
  #fold(stream: string, line: Pipeline): boolean {
    const { base, last } = line;
    try {
      let { state, version } = base.entity;
      for (const { type, payload } of last.events) {
        const body = { type, payload: this.#decider.isFreezing ? freezeDeep(payload) : payload };
        state = evolve(this.#decider, state, speculativeEvent(body, stream, ++version, this.#look));
      }
      line.base = { entity: { ...base.entity, state, version }, dependsOn: last.speculation.id };
      line.last = { ...last, events: [] };
    } catch {
      // The commit shows whether there is such a state, and tells the defect.
      line.isBroken = true;
    }
    return !line.isBroken && this.#isAllowed();
  }
}
