import { randomUUID } from "node:crypto";
import { contentOf, speculativeEvent, type Speculation } from "../../core/log/speculative.ts";
import type { EventInput, NewEvent } from "../../core/log/new-event.ts";
import { isPlainJson } from "../../core/decider/options.ts";
import { evolve, type DeciderDefinition } from "../../core/decider/decider.ts";
import { freezeDeep } from "../../core/json/freeze.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import { times } from "../../core/concurrency/times.ts";
import type { Entity } from "./entities.ts";

/** The state on which a command is decided. */
export interface BaseState {
  entity: Entity;
  /**
   * The id of the pending append that leads to this state; null if the state is stored. With an id, only `state` and
   * `version` of the entity are valid.
   */
  dependsOn: string | null;
}

type Body = Pick<NewEvent, "type" | "payload" | "payloadText">;

/** The events of a pending append, as they will be stored. */
export interface PipelinedAppend {
  speculation: Speculation;
  events: readonly Body[];
}

/** The pending appends of one stream. */
interface Pipeline {
  base: BaseState;
  /** The latest append, whose events are not yet folded into `base`. */
  last: PipelinedAppend;
  readonly ends: Set<Promise<unknown>>;
  isBroken: boolean;
}

const maxPipelined = 100;

/** The speculative states of streams: the state that a stream will have after its pending appends. */
export class SpeculativeState {
  readonly #decider: DeciderDefinition;
  readonly #node = randomUUID();
  #count = 0;
  readonly #pipelines = new Map<string, Pipeline>();
  /** When speculation is allowed; never if the state is not plain JSON, because an in-place change could not be detected. */
  #allowedFrom: number;
  readonly #onUnknownRead = () => void (this.#allowedFrom = Infinity);

  constructor(decider: DeciderDefinition) {
    this.#decider = decider;
    this.#allowedFrom = isPlainJson(decider.initialState()) ? 0 : Infinity;
  }

  /** The state after all pending appends; null if there are none, or the state is unknown until they have completed. */
  async base(stream: string): Promise<BaseState | null> {
    for (let pipeline = this.#pipelines.get(stream); pipeline; pipeline = this.#pipelines.get(stream)) {
      if (pipeline.isBroken || !this.#isAllowed() || !this.#fold(stream, pipeline)) return null;
      if (pipeline.ends.size < maxPipelined)
        return { entity: pipeline.base.entity, dependsOn: pipeline.last.speculation.id };
      await Promise.race(pipeline.ends);
    }
    return null;
  }

  /** Resolves when the stream has no pending appends. */
  async drained(stream: string): Promise<void> {
    for (let pipeline = this.#pipelines.get(stream); pipeline; pipeline = this.#pipelines.get(stream))
      await Promise.all(pipeline.ends);
  }

  /**
   * The speculation to send with an append, so that the next command need not wait for it; null if it must wait. Call it
   * last: by then every read of an unknown field, such as an event's position, has been noticed.
   */
  prepare({ dependsOn }: BaseState, input: readonly EventInput[]): PipelinedAppend | null {
    const events: Body[] = [];
    for (const { type, payload, meta } of input) {
      const json = toJson("payload", payload);
      if (isProblem(json) || isProblem(toJson("meta", meta))) return null;
      events.push({ type, payload: json.value, payloadText: json.text });
    }
    if (!this.#isAllowed()) return null;
    return {
      speculation: { id: `${this.#node}/${++this.#count}`, dependsOn, content: contentOf(events) },
      events,
    };
  }

  /** Records a pending append, on whose state the next command is decided. `end` settles when the append is completed. */
  add(stream: string, base: BaseState, last: PipelinedAppend, end: Promise<unknown>): void {
    let pipeline = this.#pipelines.get(stream);
    if (!pipeline) this.#pipelines.set(stream, (pipeline = { base, last, ends: new Set(), isBroken: false }));
    Object.assign(pipeline, { base, last });
    const { ends } = pipeline;
    const done = () => {
      ends.delete(settled);
      if (ends.size === 0) this.#pipelines.delete(stream);
    };
    const settled: Promise<void> = end.then(done, done);
    ends.add(settled);
  }

  /** Stops decisions on a stream's pending appends, because one of them was not stored as it was sent. */
  break(stream: string): void {
    const pipeline = this.#pipelines.get(stream);
    if (pipeline) pipeline.isBroken = true;
  }

  /** Disables speculation for a while, because the store cannot resolve the dependencies of appends. */
  pause(): void {
    this.#allowedFrom = Math.max(this.#allowedFrom, performance.now() + times.speculation.pauseMs);
  }

  #isAllowed(): boolean {
    return performance.now() >= this.#allowedFrom;
  }

  /**
   * Folds the latest events into the base. Done lazily, because most commands have no successor that waits. Returns false
   * if `evolve` fails, or reads a field that is unknown before the commit.
   */
  #fold(stream: string, pipeline: Pipeline): boolean {
    const { base, last } = pipeline;
    try {
      let { state, version } = base.entity;
      for (const { type, payload } of last.events) {
        const body = { type, payload: this.#decider.isFreezing ? freezeDeep(payload) : payload };
        state = evolve(this.#decider, state, speculativeEvent(body, stream, ++version, this.#onUnknownRead));
      }
      pipeline.base = { entity: { ...base.entity, state, version }, dependsOn: last.speculation.id };
      pipeline.last = { ...last, events: [] };
    } catch {
      // `Outcomes` folds the committed events again, and logs the error if it is a defect.
      pipeline.isBroken = true;
    }
    return !pipeline.isBroken && this.#isAllowed();
  }
}
