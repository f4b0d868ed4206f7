import type { Fields } from "../../../core/rows/fields.ts";
import type { Origin, Progress } from "../../../core/table/read-table.ts";
import { RowSet } from "./row-set.ts";

/** The committed content of one generation in memory. It outlives the read tables that open it. */
export class StoredGeneration {
  readonly number: number;
  readonly fields: Fields;
  readonly origin: Origin;
  readonly rows: RowSet;
  /** By id, as JSON. */
  readonly parked = new Map<string, string>();
  progress: Progress = { position: 0, positionId: null, folded: 0, reordered: false, log: null };

  constructor(number: number, fields: Fields, origin: Origin) {
    this.number = number;
    this.origin = { ...origin };
    this.fields = structuredClone(fields);
    this.rows = new RowSet(fields);
  }
}
