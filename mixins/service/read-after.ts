import type { Context } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";
import { isPlain } from "../../core/errors/object-kind.ts";

/** `ctx.meta.readAfter`: per store, the position that a read of one of its tables has to include. */
export interface ReadAfterMeta {
  readAfter?: Record<string, number>;
}

/** What a store, a mapped action or a command returned: its events reach up to this position. */
export interface Written {
  readonly position: number;
}

type Positions = Readonly<Record<string, number>>;

/** A request uses far fewer stores. The bound limits the meta that each nested call carries. */
const maxStores = 100;
const maxNameCharacters = 255;

/**
 * The meta of a read that includes what these answers have written to `store`.
 * @throws ValidationError for an answer without a position
 */
export function readAfterMeta(store: string, answers: readonly Written[]): Required<ReadAfterMeta> {
  const positions = answers.map((answer: Partial<Written> | null | undefined, index) => {
    if (isPosition(answer?.position)) return answer.position;
    const expected = "the answer of an append, a mapped action or a command, which has a position";
    throw new ValidationError([{ field: `${store}.readAfter(answer): answers.${index}`, found: answer, expected }]);
  });
  return { readAfter: { [store]: Math.max(0, ...positions) } };
}

/** The position of `store` in `meta.readAfter`; 0 if it has none. @throws ValidationError */
export function readAfter(ctx: Context, store: string): number {
  const { readAfter: asked } = ctx.meta as { readAfter?: unknown };
  if (asked === undefined || asked === null) return 0;
  const position = positionIn(asked, store);
  if (isPosition(position)) {
    assertStores(ctx, asked, store);
    return position;
  }
  throw new ValidationError([
    position === malformed
      ? { field: "meta.readAfter", found: asked, expected: `positions by store, like {"${store}": 42}` }
      : { field: `meta.readAfter.${store}`, found: position, expected: "a position: a whole number from 0" },
  ]);
}

/**
 * A misspelt store would let the read return rows without the write. The registry keeps the actions of services that have
 * gone, so that a store whose hosts are down stays known.
 * @throws ValidationError
 */
function assertStores({ broker }: Context, asked: object, store: string): void {
  for (const name of Object.keys(asked)) {
    if (name === store || broker.registry.actions.get(`${name}.append`) !== undefined) continue;
    const expected = `the name of an event store, such as ${store}, the store of this table`;
    throw new ValidationError([{ field: `meta.readAfter: a store's name`, found: name, expected }]);
  }
}

const malformed = Symbol("malformed");

function positionIn(asked: unknown, store: string): unknown {
  try {
    if (typeof asked !== "object" || asked === null || Array.isArray(asked) || !isPlain(asked)) return malformed;
    return Object.hasOwn(asked, store) ? ((asked as Record<string, unknown>)[store] ?? 0) : 0;
  } catch {
    // A getter or a Proxy threw.
    return malformed;
  }
}

/** Copies `readAfter` from the meta that an action returned. */
export function mergeReadAfter(ctx: Context<unknown, ReadAfterMeta>, { readAfter: received }: ReadAfterMeta): void {
  const positions = wellFormed(received);
  if (Object.keys(positions).length > 0) recordWritten(ctx, positions);
}

/**
 * Sets `meta.readAfter`, which Moleculer merges into the caller's meta, so that later reads of the request include the
 * events up to these positions. Never throws: the events are stored, and the caller needs the result even if its meta is
 * odd.
 */
export function recordWritten(ctx: Context<unknown, ReadAfterMeta>, positions: Record<string, number>): void {
  try {
    const { meta } = ctx;
    const before: unknown = meta.readAfter;
    const readAfter = before === undefined ? positions : latest(positions, wellFormed(before));
    const isWritable =
      Object.isExtensible(meta) && Object.getOwnPropertyDescriptor(meta, "readAfter")?.writable !== false;
    if (isWritable) meta.readAfter = readAfter;
    else ctx.meta = { ...meta, readAfter };
  } catch {
    // The meta cannot be read or changed, so later reads do not wait.
  }
}

/** The later position of each store. If there are more than `maxStores`, those of `own` are kept first. */
function latest(own: Positions, others: Positions): Record<string, number> {
  const positions = { ...own };
  let free = maxStores - Object.keys(own).length;
  for (const [store, position] of Object.entries(others))
    if (Object.hasOwn(own, store)) positions[store] = Math.max(position, own[store]!);
    else if (free-- > 0) positions[store] = position;
  return positions;
}

/** The valid entries of `readAfter`, at most `maxStores`. */
function wellFormed(readAfter: unknown): Record<string, number> {
  const positions: [string, number][] = [];
  try {
    if (typeof readAfter !== "object" || readAfter === null || Array.isArray(readAfter)) return {};
    for (const store of Object.keys(readAfter)) {
      if (positions.length === maxStores) break;
      const position = (readAfter as Record<string, unknown>)[store];
      if (store.length <= maxNameCharacters && isPosition(position)) positions.push([store, position]);
    }
  } catch {
    // A getter or a Proxy threw: the entries read before it are kept.
  }
  return Object.fromEntries(positions);
}

const isPosition = (found: unknown): found is number => Number.isSafeInteger(found) && (found as number) >= 0;
