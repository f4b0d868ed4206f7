import { isDeepStrictEqual } from "node:util";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { payloadToStore } from "../../core/catalogue/catalogue-check.ts";
import { speculativeEvent } from "../../core/log/speculative.ts";
import { evolve, type DeciderDefinition } from "../../core/decider/decider.ts";
import { freezeDeep } from "../../core/json/freeze.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import type { EventInput } from "../../core/log/new-event.ts";
import type { Entity } from "./entities.ts";

/**
 * Folds the first event of each type into a copy of the state before it is stored. If `evolve` throws for a stored event,
 * the entity is unusable for good: the event cannot be removed, and no command is decided without a state. Only once for
 * each type, since folding the events of every command would double the cost of a slow `evolve`.
 */
export class TrialFold {
  readonly #decider: DeciderDefinition;
  readonly #catalogue: Catalogue;
  readonly #tried = new Set<string>();

  constructor(decider: DeciderDefinition, catalogue: Catalogue) {
    this.#decider = decider;
    this.#catalogue = catalogue;
  }

  /** @throws DefinitionError if `evolve` returns no state, and any error of `evolve` */
  check(stream: string, entity: Entity, events: readonly EventInput[]): void {
    if (events.every(({ type }) => this.#tried.has(type))) return;
    const copy = this.#copyOf(entity.state);
    if (!copy) return this.#markTried(events);
    let { state } = copy;
    let { version } = entity;
    let hasReadUnknown = false;
    for (const event of events) {
      const payload = payloadToStore(this.#catalogue, "event", stream, event);
      // The store refuses the event.
      if (Array.isArray(payload)) return;
      const body = { type: event.type, payload: this.#frozen(payload.value) };
      try {
        state = evolve(
          this.#decider,
          state,
          speculativeEvent(body, stream, ++version, () => void (hasReadUnknown = true)),
        );
      } catch (error) {
        // `evolve` has read an id, position, time or meta, which is unknown before the event is stored. It may succeed then.
        if (hasReadUnknown) return this.#markTried(events);
        throw error;
      }
      this.#tried.add(event.type);
    }
  }

  #markTried(events: readonly EventInput[]): void {
    for (const { type } of events) this.#tried.add(type);
  }

  /** Null for a state that is not plain JSON: its copy would differ. */
  #copyOf(state: unknown): { state: unknown } | null {
    const json = toJson("state", state);
    const isSame = !isProblem(json) && isDeepStrictEqual(json.value, state);
    return isSame ? { state: this.#frozen(json.value) } : null;
  }

  readonly #frozen = <Value>(value: Value): Value => (this.#decider.isFreezing ? freezeDeep(value) : value);
}
