import { createHash } from "node:crypto";
import { canonicalJson } from "../core/json/canonical-json.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { pagesOfEvents, pagesOfLinks, statesOf, streamsOf } from "./contents.ts";
import type { OnProgress } from "./show-progress.ts";

/** The size and checksum of a log's content. */
export interface Contents {
  events: number;
  streams: number;
  links: number;
  states: number;
  /** The SHA-256 of all parts in order, each as JSON with sorted keys. */
  checksum: string;
}

export interface Comparison {
  source: Contents;
  copy: Contents;
  /** The first difference as text; null if there is none. */
  difference: string | null;
}

/** One part of a log: an event, the last version of a stream, a link, a state. */
interface Part {
  name: string;
  value: object;
}

export type Kind = "events" | "streams" | "links" | "states";

/** All content of a log except leases. */
export const kinds: readonly Kind[] = ["events", "streams", "links", "states"];
/** The content that an index has: events and links. */
export const history: readonly Kind[] = ["events", "streams", "links"];

const partsOf: Record<Kind, (log: EventLog) => AsyncGenerator<Part[]>> = {
  async *events(log) {
    for await (const page of pagesOfEvents(log))
      yield page.map((value) => ({ name: `event ${value.position}`, value }));
  },
  async *streams(log) {
    for await (const value of streamsOf(log)) yield [{ name: `stream ${value.stream}`, value }];
  },
  async *links(log) {
    for await (const page of pagesOfLinks(log))
      yield page.map(({ id, link }) => ({ name: `link ${link!.version} of stream ${link!.stream}`, value: { id } }));
  },
  async *states(log) {
    for await (const { key, value } of statesOf(log)) yield [{ name: `state ${key}`, value: { value } }];
  },
};

/** Compares two logs from beginning to end, with one page of each in memory. */
export async function compareLogs(
  source: EventLog,
  copy: EventLog,
  onProgress: OnProgress,
  compared: readonly Kind[] = kinds,
): Promise<Comparison> {
  const total = await source.head();
  const [ofSource, ofCopy] = [new Tally(), new Tally()];
  let difference: string | null = null;
  for (const kind of compared) {
    const [one, other] = [each(partsOf[kind](source)), each(partsOf[kind](copy))];
    for (;;) {
      const [expected, found] = await Promise.all([next(one), next(other)]);
      if (!expected && !found) break;
      const texts = [ofSource.add(kind, expected), ofCopy.add(kind, found)];
      if (texts[0] !== texts[1]) difference ??= differenceOf(found, expected);
      const { events } = ofSource.counts;
      if (kind === "events" && events % 1000 === 0) onProgress("comparing", events, Math.max(total, events));
    }
    if (kind === "events") onProgress("comparing", total, total);
  }
  return { source: ofSource.contents(), copy: ofCopy.contents(), difference };
}

/** Counts and hashes the parts of one log. */
class Tally {
  readonly counts = { events: 0, streams: 0, links: 0, states: 0 };
  readonly #hash = createHash("sha256");

  add(kind: keyof Tally["counts"], part: Part | undefined): string | null {
    if (!part) return null;
    this.counts[kind]++;
    const text = canonicalJson([part.name, part.value]);
    this.#hash.update(`${text}\n`);
    return text;
  }

  contents(): Contents {
    return { ...this.counts, checksum: this.#hash.digest("hex") };
  }
}

function differenceOf(found: Part | undefined, expected: Part | undefined): string {
  if (!expected || !found || expected.name !== found.name)
    return `found ${found?.name ?? "nothing more"}, expected ${expected?.name ?? "nothing more"}`;
  const fields = (part: Part) =>
    new Map(Object.entries(part.value).map(([field, value]) => [field, canonicalJson(value)]));
  const [actual, wanted] = [fields(found), fields(expected)];
  const field = [...wanted.keys(), ...actual.keys()].find((name) => actual.get(name) !== wanted.get(name))!;
  return `${expected.name}, ${field}: found ${short(actual.get(field))}, expected ${short(wanted.get(field))}`;
}

const short = (text = "nothing") => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

async function* each<Item>(pages: AsyncGenerator<Item[]>): AsyncGenerator<Item> {
  for await (const page of pages) yield* page;
}

const next = async <Item>(items: AsyncGenerator<Item>): Promise<Item | undefined> => {
  const { value, done } = await items.next();
  return done ? undefined : value;
};
