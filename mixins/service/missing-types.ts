import type { ServiceBroker } from "moleculer";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { unknownMappedTypes } from "../../core/log/unknown-types.ts";
import type { EventType } from "../../core/log/event-log.ts";
import { innerName, toSpeaker } from "./between-nodes.ts";

interface Mapped {
  store: string;
  /** What maps the types, for the message. */
  name: string;
  patterns: readonly string[];
  catalogue: Catalogue;
}

/** Warns once of mapped types that do not exist, probably because of a misspelt or a changed name. */
export class MappedTypes {
  readonly #broker: ServiceBroker;
  readonly #mapped: Mapped;
  #isChecked: boolean;

  constructor(broker: ServiceBroker, mapped: Mapped) {
    this.#broker = broker;
    this.#mapped = mapped;
    this.#isChecked = mapped.patterns.every((pattern) => mapped.catalogue.entries.has(pattern));
  }

  /** Call it when services have changed. Does nothing until a host of the store is there, and after a check. */
  async check(): Promise<void> {
    const { store, name, patterns, catalogue } = this.#mapped;
    const action = `${innerName(store)}.types`;
    if (this.#isChecked || !this.#broker.registry.actions.isAvailable(action)) return;
    this.#isChecked = true;
    try {
      const found: EventType[] = await this.#broker.call(action, {}, toSpeaker(this.#broker, action));
      for (const { level, message } of unknownMappedTypes(patterns, catalogue, found))
        this.#broker.logger[level](`${name} ${message}`);
    } catch (error) {
      // So many types that their list does not fit into one message: it will not fit later either.
      if ((error as { type?: unknown } | null)?.type === "ANSWER_TOO_LARGE") return;
      // The store does not respond now; its types may be checked when services change again.
      this.#isChecked = false;
    }
  }
}
