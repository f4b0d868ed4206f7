import type { CurrentCatalogue } from "../../../core/catalogue/catalogue.ts";
import { storedCondition } from "../../../core/catalogue/stored-condition.ts";
import { storedMatcher } from "../../../core/catalogue/stored-types.ts";
import { upcastInTurns } from "../../../core/catalogue/upcast-page.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { Query } from "../../../core/query/query.ts";

/** Reads stored events as the store's catalogue describes them, and finds them by the types as which they are read. */
export class EventReader {
  readonly #catalogue: CurrentCatalogue;

  constructor(catalogue: CurrentCatalogue) {
    this.#catalogue = catalogue;
  }

  /** Upcasts events to the current catalogue, and omits unwanted ones. @throws UpcastFailedError, NewerEventError */
  async readable(
    events: RecordedEvent[] | Promise<RecordedEvent[]>,
    isWanted?: (type: string) => boolean,
  ): Promise<RecordedEvent[]> {
    const readable = await upcastInTurns(this.#catalogue.current, await events);
    return isWanted ? readable.filter(({ type }) => isWanted(type)) : readable;
  }

  /** The query of stored events that finds those which are read as the query wants them. */
  storedQuery(query: Query): Query {
    const { where } = query;
    return where ? { ...query, where: storedCondition(this.#catalogue.current, where) } : query;
  }

  /** Whether events of a stored type may be read as a wanted one. */
  storedMatcher(isWanted: (type: string) => boolean): (storedType: string) => boolean {
    return storedMatcher(this.#catalogue.current, isWanted);
  }
}
