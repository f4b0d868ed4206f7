import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import { isOneOf, weaker } from "../../../core/catalogue/changing-types.ts";
import { upcastInTurns } from "../../../core/catalogue/upcast-page.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import type { Condition } from "../../../core/query/condition.ts";
import { matchesCondition } from "../../../core/query/matches-condition.ts";
import type { Query } from "../../../core/query/query.ts";
import { sortValueAt } from "../../../core/query/sort-value.ts";
import { compareText } from "../../../core/text/text-order.ts";

const eventsPerPage = 1000;

/** The events that match among those as which stored events of changing types are read, each with the stored one. */
export async function* matchingParts(
  log: EventLog,
  catalogue: Catalogue,
  types: readonly string[],
  { where, search }: Query,
): AsyncGenerator<[stored: RecordedEvent, part: RecordedEvent]> {
  const same = where && weaker(where);
  const sort = [{ field: "position", path: [], descending: false }];
  for (let after = 0; ;) {
    const later: Condition = { field: "position", type: "integer", path: [], operator: "$gt", value: after };
    const and = [isOneOf(types), later, ...(same ? [same] : [])];
    const events = await log.find({ where: { and }, sort, limit: eventsPerPage, offset: 0, search });
    for (const stored of events)
      for (const part of await upcastInTurns(catalogue, [stored]))
        if (!where || matchesCondition(where, asQueried(stored, part))) yield [stored, part];
    if (events.length === 0) return;
    after = events.at(-1)!.position;
    await new Promise((turn) => setImmediate(turn));
  }
}

/** Queries compare the payload as it is stored. */
const asQueried = (stored: RecordedEvent, { id, type }: RecordedEvent): RecordedEvent => ({ ...stored, id, type });

interface Found {
  part: RecordedEvent;
  keys: (string | number | null)[];
}

/** The first events in the order of a query, as many as its page needs. */
export class FoundEvents {
  readonly #query: Query;
  #found: Found[] = [];

  constructor(query: Query) {
    this.#query = query;
  }

  add(stored: RecordedEvent, part: RecordedEvent): void {
    const document = asQueried(stored, part) as unknown as Record<string, unknown>;
    const keys = this.#query.sort.map(({ field, path }) => sortValueAt(path, document[field]));
    this.#found.push({ part, keys: [...keys, stored.position] });
    if (this.#found.length >= 2 * this.#end) this.#sort();
  }

  get #end(): number {
    const { limit, offset } = this.#query;
    return limit === null ? Infinity : offset + limit;
  }

  #sort(): void {
    const { sort } = this.#query;
    const compare = (a: Found, b: Found) => {
      for (const [index, key] of a.keys.entries()) {
        const order = compareKeys(key, b.keys[index]!);
        if (order !== 0) return sort[index]?.descending ? -order : order;
      }
      return 0;
    };
    this.#found = this.#found.toSorted(compare).slice(0, this.#end);
  }

  page(): RecordedEvent[] {
    this.#sort();
    return this.#found.slice(this.#query.offset).map(({ part }) => part);
  }
}

/** Null, numbers, text. */
function compareKeys(a: string | number | null, b: string | number | null): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  const rank = (key: string | number | null) => (key === null ? 0 : typeof key === "number" ? 1 : 2);
  return rank(a) - rank(b);
}
