import { isDeepStrictEqual } from "node:util";
import type { ServiceBroker } from "moleculer";
import { checkRow, type FieldsInput, type Row, type RowInput } from "../../core/rows/fields.ts";
import type { EventMap } from "../../core/event/recorded-event.ts";
import type { Aggregate } from "../../mixins/aggregate/aggregate.ts";
import { expectation, expectEqual, expectError, fail, failBy, type ExpectedError } from "./expectation.ts";
import { foldedRows, type Folded, type Folding } from "./folded-rows.ts";
import { recordedEvents, type GivenEvent, type UncheckedEvent } from "./given-event.ts";

/** A scenario of an aggregate: rows and events, and the rows afterwards. */
export class AggregateScenario<Events extends EventMap, Fields extends FieldsInput> {
  readonly #folding: Folding;

  constructor({ name, definition }: Aggregate<Events, Fields>, broker: ServiceBroker | undefined) {
    this.#folding = { name, definition, broker };
  }

  /** The rows of the table at first, and the events that are folded into it, in order. */
  given(
    rows: readonly (RowInput<Fields> & { id: string })[],
    events: readonly GivenEvent<Events>[],
  ): AggregateOutcome<Fields> {
    return new AggregateOutcome<Fields>(this.#folding, rows, events);
  }
}

export class AggregateOutcome<Fields extends FieldsInput> {
  readonly #folding: Folding;
  readonly #rows: readonly Row[];
  readonly #events: readonly UncheckedEvent[];

  constructor(folding: Folding, rows: readonly Row[], events: readonly UncheckedEvent[]) {
    this.#folding = folding;
    this.#rows = rows;
    this.#events = events;
  }

  /**
   * Expects all rows of the table, in any order. An omitted field is null, an omitted `id` is any. Or expects the error
   * of the first event that cannot be folded.
   * @throws AssertionError
   */
  // oxlint-disable-next-line unicorn/no-thenable -- what every scenario ends with; see `expectation`
  then(...args: [expected: readonly RowInput<Fields>[] | ExpectedError]): Promise<void> {
    return expectation(args, async (expected) => {
      const { name } = this.#folding;
      const folded = await this.#fold();
      if (isRows(expected)) {
        if ("error" in folded) failBy(`${name} cannot fold ${folded.event.type}`, folded.error);
        const wanted = expected.map((row) => this.#whole(row as Partial<Row>));
        expectEqual(`${name} has other rows than expected after ${this.#after}`, arranged(folded.rows, wanted), wanted);
      } else if ("error" in folded) {
        expectError(
          `${name} cannot fold ${folded.event.type} for another reason than expected`,
          folded.error,
          expected,
        );
      } else fail(`${name} has folded ${this.#after}`, folded.rows, expected);
    });
  }

  #fold(): Promise<Folded> {
    const { catalogue } = this.#folding.definition;
    const events = recordedEvents(catalogue, "given-1", this.#events);
    return foldedRows(this.#folding, this.#rows, events);
  }

  get #after(): string {
    return this.#events.map(({ type }) => type).join(", ") || "no event";
  }

  #whole({ id, ...row }: Partial<Row>): Partial<Row> {
    const { fields } = this.#folding.definition;
    const nothing = Object.fromEntries([...fields.keys()].map((name) => [name, null]));
    return { ...(id !== undefined && id !== null && { id }), ...nothing, ...checkRow(fields, row) };
  }
}

const isRows = <Fields extends FieldsInput>(
  expected: readonly RowInput<Fields>[] | ExpectedError,
): expected is readonly RowInput<Fields>[] => Array.isArray(expected);

const withoutId = ({ id: _id, ...row }: Row): Partial<Row> => row;

/** Sorts the rows to match the expected ones, so that the difference shows only differing rows. */
function arranged(rows: readonly Row[], expected: readonly Partial<Row>[]): Partial<Row>[] {
  const left = [...rows];
  const take = (isIt: (row: Row) => boolean) => {
    const at = left.findIndex(isIt);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  const found: (Partial<Row> | undefined)[] = expected.map(({ id }) =>
    id === undefined ? undefined : take((row) => row.id === id),
  );
  const anyId = expected.flatMap(({ id }, index) => (id === undefined ? [index] : []));
  for (const isIt of [(row: Row, index: number) => isDeepStrictEqual(withoutId(row), expected[index]), () => true])
    for (const index of anyId) {
      const row = found[index] ? undefined : take((one) => isIt(one, index));
      if (row) found[index] = withoutId(row);
    }
  return [...found.filter((row) => row !== undefined), ...left];
}
