import type { CurrentCatalogue } from "../../../core/catalogue/catalogue.ts";
import { isOneOf, reachedTypes } from "../../../core/catalogue/changing-types.ts";
import { storedCondition } from "../../../core/catalogue/stored-condition.ts";
import { storedMatcher } from "../../../core/catalogue/stored-types.ts";
import { upcastEach, upcastInTurns } from "../../../core/catalogue/upcast-page.ts";
import { isEventId } from "../../../core/event/event-id.ts";
import { storedIdOf } from "../../../core/event/part-id.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import type { Condition } from "../../../core/query/condition.ts";
import type { Query } from "../../../core/query/query.ts";
import { FoundEvents, matchingParts } from "./found-events.ts";

/** Reads stored events as the store's catalogue describes them, and finds them by the types as which they are read. */
export class EventReader {
  readonly #log: () => EventLog;
  readonly #catalogue: CurrentCatalogue;

  /** `log` throws while the log is not open. */
  constructor(log: () => EventLog, catalogue: CurrentCatalogue) {
    this.#log = log;
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

  /** Whether events of a stored type may be read as a wanted one. */
  storedMatcher(isWanted: (type: string) => boolean): (storedType: string) => boolean {
    return storedMatcher(this.#catalogue.current, isWanted);
  }

  /** Whether a stored event is read as a wanted one, among others; true if it cannot be read. */
  readsAs(isWanted: (type: string) => boolean): (stored: RecordedEvent) => boolean {
    const catalogue = this.#catalogue.current;
    return (stored) => upcastEach(catalogue, { events: [stored] }, isWanted).events.length > 0;
  }

  /**
   * Finds events by type and id as they are read, and by everything else as they are stored. The engine finds those whose
   * stored type determines the type. Of the others it finds the candidates, which are upcast and compared here.
   */
  async find(query: Query): Promise<RecordedEvent[]> {
    const catalogue = this.#catalogue.current;
    const reached = reachedTypes(catalogue, query.where);
    if (reached.length === 0) return this.readable(this.#log().find(this.#stored(query, [])));
    const found = new FoundEvents(query);
    const limit = query.limit === null ? null : query.offset + query.limit;
    for (const event of await this.#log().find({ ...this.#stored(query, reached), limit, offset: 0 }))
      for (const part of await this.readable([event])) found.add(event, part);
    for await (const [event, part] of matchingParts(this.#log(), catalogue, reached, query)) found.add(event, part);
    return found.page();
  }

  async count(query: Query): Promise<number> {
    const catalogue = this.#catalogue.current;
    const reached = reachedTypes(catalogue, query.where);
    let count = await this.#log().count(this.#stored(query, reached));
    if (reached.length > 0) for await (const _ of matchingParts(this.#log(), catalogue, reached, query)) count++;
    return count;
  }

  /** Event ids are UUIDs, with a number behind if a stored event is read as several. Some engines fail for other strings. */
  async findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    const stored = [...new Set(ids.map(storedIdOf))].filter(isEventId);
    const events = await this.readable(this.#log().findByIds(stored));
    if (this.#catalogue.current.changing.size === 0) return events;
    const wanted = new Set(ids);
    return events.filter(({ id }) => wanted.has(id));
  }

  /** The query of stored events, without those of some types. */
  #stored(query: Query, without: readonly string[]): Query {
    const { where } = query;
    const stored = where && storedCondition(this.#catalogue.current, where);
    if (without.length === 0) return { ...query, where: stored };
    const others: Condition = { not: isOneOf(without) };
    return { ...query, where: stored ? { and: [others, stored] } : others };
  }
}
