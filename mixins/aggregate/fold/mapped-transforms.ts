import type { Fields } from "../../../core/rows/fields.ts";
import { changesOf, type AppliedMapping, type Mapping } from "../../../core/rows/mapping.ts";
import type { Batch } from "../../../core/table/read-table.ts";
import { freezeEvent, type RecordedEvent } from "../../../core/event/recorded-event.ts";
import { typeMatcher } from "../../../core/event/type-pattern.ts";
import type { RowChange } from "../../../core/rows/row-change.ts";
import type { Transform, Transforms } from "./transform.ts";
import type { UnfilledFields } from "./unfilled-fields.ts";

/** The outcome of one event. */
export type FoldOutcome = { did: "fold" } | { error: unknown };

/** Applies an aggregate's mappings to one event: runs the transforms in order and applies the results to the batch. */
export class MappedTransforms {
  readonly #mappings: readonly Mapping<Transform>[];
  readonly #fields: Fields;
  readonly #transforms: Transforms;
  readonly #unfilled: UnfilledFields | undefined;
  readonly #byType = new Map<string, AppliedMapping<Transform>[]>();

  /** @param unfilled of the live table; a temporary one ignores them */
  constructor(
    mappings: readonly Mapping<Transform>[],
    fields: Fields,
    transforms: Transforms,
    unfilled?: UnfilledFields,
  ) {
    this.#mappings = mappings;
    this.#fields = fields;
    this.#transforms = transforms;
    this.#unfilled = unfilled;
  }

  /**
   * Afterwards the batch contains all changes of the event by its type's mappings or, if one mapping fails, none.
   * Returns a promise only if the transform or the engine does.
   */
  fold(
    mappings: readonly AppliedMapping<Transform>[],
    event: RecordedEvent,
    batch: Batch,
  ): FoldOutcome | Promise<FoldOutcome> {
    if (mappings.length > 1)
      return this.#foldWhole(
        mappings.map((mapping) => ({ mapping, event })),
        batch,
      );
    try {
      const answer = this.#transforms.run(mappings[0]!.transform, event, batch.rows);
      if (answer instanceof Promise) return this.#foldLater(mappings[0]!, event, answer, batch);
      const applied = batch.apply(this.#changes(mappings[0]!, event, answer));
      return applied ? applied.then(succeed, fail) : done;
    } catch (error) {
      return { error };
    }
  }

  /** The same for the events as which one stored event is read. */
  foldParts(parts: readonly RecordedEvent[], batch: Batch): Promise<FoldOutcome> {
    const steps = parts.flatMap((part) => {
      const event = freezeEvent(part);
      return this.of(part.type).map((mapping) => ({ mapping, event }));
    });
    return this.#foldWhole(steps, batch);
  }

  async #foldLater(
    mapping: AppliedMapping<Transform>,
    event: RecordedEvent,
    answer: Promise<unknown>,
    batch: Batch,
  ): Promise<FoldOutcome> {
    try {
      const applied = batch.apply(this.#changes(mapping, event, await answer));
      if (applied) await applied;
      return done;
    } catch (error) {
      return { error };
    }
  }

  async #foldWhole(
    steps: readonly { mapping: AppliedMapping<Transform>; event: RecordedEvent }[],
    batch: Batch,
  ): Promise<FoldOutcome> {
    await batch.mark();
    try {
      for (const { mapping, event } of steps) {
        const answer = await this.#transforms.run(mapping.transform, event, batch.rows);
        await batch.apply(this.#changes(mapping, event, answer));
      }
      return done;
    } catch (error) {
      await batch.undo();
      return { error };
    }
  }

  #changes(mapping: AppliedMapping<Transform>, event: RecordedEvent, answer: unknown): readonly RowChange[] {
    const changes = changesOf(mapping, this.#fields, event, answer);
    this.#unfilled?.check(changes);
    return changes;
  }

  /** The mappings of an event type, in declared order. */
  of(type: string): readonly AppliedMapping<Transform>[] {
    let applied = this.#byType.get(type);
    if (!applied) {
      applied = this.#mappings
        .filter(({ pattern }) => typeMatcher([pattern])(type))
        .map((mapping, index) => ({ ...mapping, ordinal: index + 1 }));
      this.#byType.set(type, applied);
    }
    return applied;
  }
}

const done: FoldOutcome = { did: "fold" };
const succeed = (): FoldOutcome => done;
const fail = (error: unknown): FoldOutcome => ({ error });
