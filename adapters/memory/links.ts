import { eventsToLink, MixedStreamError, type Linked, type LinkedStream } from "../../core/log/links.ts";
import { KeysInOrder } from "../parts/rows/keys-in-order.ts";

interface Linkable {
  readonly id: string;
  readonly type: string;
}

/** The streams of links, with the stored events. */
export class Links<Stored extends Linkable> {
  readonly #log: { stream(name: string): readonly Stored[]; byId(id: string): Stored | undefined };
  /** The link with version v has index v - 1. */
  readonly #streams = new Map<string, { events: Stored[]; ids: Set<string> }>();
  readonly #names = new KeysInOrder(() => this.#streams.keys());

  constructor(log: { stream(name: string): readonly Stored[]; byId(id: string): Stored | undefined }) {
    this.#log = log;
  }

  /** Returns undefined if the stream contains no links. */
  of(stream: string): readonly Stored[] | undefined {
    return this.#streams.get(stream)?.events;
  }

  streams({ after = "", limit }: { after?: string; limit: number }): Promise<LinkedStream[]> {
    return this.#names.after(after, limit, (stream) => ({ stream, version: this.#streams.get(stream)!.events.length }));
  }

  add(stream: string, ids: readonly string[]): Linked {
    if (this.#log.stream(stream).length > 0) throw new MixedStreamError(stream, "events");
    const found = eventsToLink(ids, (id) => this.#log.byId(id));
    const links = this.#streams.get(stream) ?? { events: [], ids: new Set() };
    if (!this.#streams.has(stream)) this.#names.changed();
    this.#streams.set(stream, links);
    const before = links.events.length;
    for (const event of found) {
      if (links.ids.has(event.id)) continue;
      links.ids.add(event.id);
      links.events.push(event);
    }
    return { version: links.events.length, linked: links.events.length - before };
  }
}
