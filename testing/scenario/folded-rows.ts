import { described } from "../../core/errors/problem.ts";
import type { Service, ServiceBroker } from "moleculer";
import { memory } from "../../adapters/memory/memory.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { checkRow, rowId, type Row } from "../../core/rows/fields.ts";
import { queryFieldsOf } from "../../core/query/query.ts";
import { freezeEvent, type RecordedEvent } from "../../core/event/recorded-event.ts";
import type { FoldDefinition } from "../../mixins/aggregate/aggregate.ts";
import { Folds } from "../../mixins/aggregate/fold/folds.ts";
import { MappedTransforms } from "../../mixins/aggregate/fold/mapped-transforms.ts";
import type { FoldsOwner } from "../../mixins/aggregate/service.ts";
import { EventCaller } from "../../mixins/consumer/event-caller.ts";
import { noBroker } from "./no-broker.ts";

/** The aggregate to fold, and the broker for its transforms. */
export interface Folding {
  name: string;
  definition: FoldDefinition;
  /** For transforms that are actions, and for calls of function transforms. */
  broker: ServiceBroker | undefined;
}

/** The table's rows, or the first event that could not be folded. */
export type Folded = { rows: Row[] } | { event: RecordedEvent; error: unknown };

const everything = { where: null, sort: [], limit: null, offset: 0, search: null };

/**
 * Folds events with the aggregate's own mappings into a table in memory that contains these rows.
 * @throws InvalidRowError if a row does not fit the table; DefinitionError if a transform needs a broker
 */
export async function foldedRows(
  folding: Folding,
  rows: readonly Row[],
  events: readonly RecordedEvent[],
): Promise<Folded> {
  const { fields, mappings } = folding.definition;
  const table = memory().readTable!("scenario");
  await table.open(fields);
  const batch = await table.live().begin();
  await batch.apply(
    rows.map((row) => ({ operation: "create", id: rowId(row.id) ?? "", values: checkRow(fields, row) })),
  );
  const folds = foldsOf(folding);
  const transforms = folds.begin(null);
  const mapped = new MappedTransforms(mappings, fields, transforms);
  try {
    for (const event of events) {
      const applied = mapped.of(event.type);
      if (applied.length === 0) continue;
      for (const { transform } of applied)
        if (typeof transform === "string") refuseWithoutBroker(folding, event, transform);
      const folded = await mapped.fold(applied, freezeEvent(event), batch);
      if ("error" in folded) return { event, error: folded.error };
    }
    return { rows: await batch.rows.find(everything) };
  } finally {
    folds.end(transforms);
    await batch.rollback();
    await table.close();
  }
}

/** The folds of the aggregate's service if the broker has one: its queries then reach the rows of this fold. */
function foldsOf({ name, definition, broker = noBroker() }: Folding): Folds {
  const service = broker.getLocalService(name) as (Service & FoldsOwner) | undefined;
  const { fields, timeoutMs } = definition;
  const caller = new EventCaller(broker);
  return (
    service?.evsFolds() ??
    new Folds({ aggregate: name, node: broker.nodeID, fields: queryFieldsOf(fields), caller, timeoutMs })
  );
}

function refuseWithoutBroker({ name, broker }: Folding, { type }: RecordedEvent, action: string): void {
  if (broker) return;
  const expected = `scenario(${name}, { broker }), as ${type} is mapped to the action "${action}"`;
  throw new DefinitionError({ field: `scenario(${name})`, found: described("no broker"), expected });
}
