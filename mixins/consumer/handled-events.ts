import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { withNewNames, type HandledTypes } from "../../core/catalogue/new-names.ts";
import { storedMatcher, storedPatterns } from "../../core/catalogue/stored-types.ts";
import { upcastEach, upcastKnown, type ReadEvents } from "../../core/catalogue/upcast-page.ts";
import { typeMatcher } from "../../core/event/type-pattern.ts";
import type { ConsumerPage, StreamPage } from "./consumer-page.ts";

/** How a consumer with a catalogue of its own reads the events of pages, which it gets as they are stored. */
export class HandledEvents {
  /** The patterns of its types as they are stored: the store's host does not know how this release reads them. */
  readonly storedTypes: readonly string[];
  readonly #catalogue: Catalogue;
  readonly #handled: HandledTypes;

  constructor(catalogue: Catalogue, types: readonly string[]) {
    this.#catalogue = catalogue;
    this.#handled = { isWanted: typeMatcher(types), exact: new Set(types) };
    this.storedTypes = storedPatterns(catalogue, types, this.#handled.isWanted);
  }

  /** The events before the first one of a newer release. */
  known(page: ConsumerPage): ReturnType<typeof upcastKnown> {
    const { skipped } = page.control;
    const { catalogue, read } = this.#stored(page);
    return upcastKnown(catalogue, read, (id) => Object.hasOwn(skipped, id), this.#handled.isWanted);
  }

  /** All events, one of a newer release as an unreadable one. */
  each(page: StreamPage): ReadEvents {
    const { catalogue, read } = this.#stored(page);
    return upcastEach(catalogue, read, this.#handled.isWanted);
  }

  /** Omits events that the page contains only because of a former name of their type, if this release knows the type. */
  #stored({ events, unreadable, formerNames }: StreamPage): { catalogue: Catalogue; read: ReadEvents } {
    const rest = unreadable && { unreadable };
    if (!formerNames) return { catalogue: this.#catalogue, read: { events, ...rest } };
    const catalogue = withNewNames(this.#catalogue, formerNames, this.#handled);
    const isRead = storedMatcher(this.#catalogue, this.#handled.isWanted);
    const isHandled = (type: string) => isRead(type) || catalogue.newNames.has(type);
    return { catalogue, read: { events: events.filter(({ type }) => isHandled(type)), ...rest } };
  }
}
