import type { RecordedEvent } from "moleculer-event-sourcing";
import { entityId } from "moleculer-event-sourcing";
import { total, type Release, type Table } from "./shop.ts";

/** An event as it is stored. */
export type StoredEvent = RecordedEvent;

type Row = { id: string } & Record<string, unknown>;

export const euros = ({ payload }: StoredEvent): number =>
  "cents" in payload ? (payload["cents"] as number) / 100 : (payload["euros"] as number);

/** The rows of each table, ordered by id, as a plain loop over the events folds them by the definition of a release. */
export function plainTables(release: Release, events: readonly StoredEvent[]): Record<Table, Row[]> {
  const isNew = release === 2;
  const orders = new Map<string, Row>();
  const bills = new Map<string, Row>();
  const notes = new Map<string, Row>();
  const countIn = (rows: Map<string, Row>, id: string, empty: object): Row => {
    const row = rows.get(id) ?? { id, events: 0, ...empty };
    rows.set(id, row);
    row["events"] = (row["events"] as number) + 1;
    return row;
  };
  for (const event of events) {
    const { type, stream } = event;
    if (type.startsWith("order.")) {
      const shipped = isNew ? { shipped: 0 } : {};
      const row = countIn(orders, entityId(stream), { amount: null, ...shipped });
      const all = countIn(orders, total, { amount: null, ...shipped });
      if (type === "order.placed") row["amount"] = euros(event) * (isNew ? 100 : 1);
      if (type === "order.shipped") for (const one of [row, all]) one["shipped"] = (one["shipped"] as number) + 1;
      if (type === "order.noted") countIn(notes, total, {});
    } else if (type === "bill.added") {
      const all = countIn(bills, total, { amount: 0, ...(isNew && { largest: 0 }) });
      all["amount"] = (all["amount"] as number) + euros(event);
      if (isNew) all["largest"] = Math.max(all["largest"] as number, euros(event));
    }
  }
  const sorted = (rows: Map<string, Row>) => [...rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { orders: sorted(orders), bills: sorted(bills), notes: sorted(notes) };
}
