import type { Context } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";
import { isPlain } from "../../core/errors/object-kind.ts";

/** `ctx.meta.readAfter`: the position, by store, that a read of a table folded from it has to include. */
export interface ReadAfterMeta {
  readAfter?: Record<string, number>;
}

type Positions = Readonly<Record<string, number>>;

/** A caller of one request meets far fewer; each call further down the chain carries them. */
const maxStores = 100;
const maxNameCharacters = 255;

/** The position of `store` that a reader asks for; 0 where it asks for none. @throws ValidationError */
export function readAfter(ctx: Context, store: string): number {
  const { readAfter: asked } = ctx.meta as { readAfter?: unknown };
  if (asked === undefined || asked === null) return 0;
  const position = positionIn(asked, store);
  if (isPosition(position)) return position;
  throw new ValidationError([
    position === malformed
      ? { field: "meta.readAfter", found: asked, expected: `positions by store, like {"${store}": 42}` }
      : { field: `meta.readAfter.${store}`, found: position, expected: "a position: a whole number from 0" },
  ]);
}

const malformed = Symbol("malformed");

function positionIn(asked: unknown, store: string): unknown {
  try {
    if (typeof asked !== "object" || asked === null || Array.isArray(asked) || !isPlain(asked)) return malformed;
    return Object.hasOwn(asked, store) ? ((asked as Record<string, unknown>)[store] ?? 0) : 0;
  } catch {
    // A getter or a Proxy.
    return malformed;
  }
}

/**
 * Reads further down the chain of awaited calls include what was stored up to `position`: meta travels back to the caller.
 * Never throws: the events are stored, and the caller must learn it whatever its meta is.
 */
export function noteWritten(ctx: Context<unknown, ReadAfterMeta>, store: string, position: number): void {
  note(ctx, { [store]: position });
}

/** The same from the meta that an action's answer came with. */
export function noteReadAfter(ctx: Context<unknown, ReadAfterMeta>, { readAfter: heard }: ReadAfterMeta): void {
  const positions = wellFormed(heard);
  if (Object.keys(positions).length > 0) note(ctx, positions);
}

function note(ctx: Context<unknown, ReadAfterMeta>, positions: Positions): void {
  try {
    const readAfter = latest(positions, wellFormed(ctx.meta.readAfter));
    const { meta } = ctx;
    const isWritable =
      Object.isExtensible(meta) && Object.getOwnPropertyDescriptor(meta, "readAfter")?.writable !== false;
    if (isWritable) meta.readAfter = readAfter;
    else ctx.meta = { ...meta, readAfter };
  } catch {
    // Meta that cannot be read or changed: no read below can be told.
  }
}

/** The later position of each store; `own` first, where they are too many. */
function latest(own: Positions, others: Positions): Record<string, number> {
  const positions = { ...own };
  let free = maxStores - Object.keys(own).length;
  for (const [store, position] of Object.entries(others))
    if (Object.hasOwn(own, store)) positions[store] = Math.max(position, own[store]!);
    else if (free-- > 0) positions[store] = position;
  return positions;
}

/** What of it are positions by store; at most `maxStores`. */
function wellFormed(readAfter: unknown): Positions {
  const positions: [string, number][] = [];
  try {
    if (typeof readAfter !== "object" || readAfter === null || Array.isArray(readAfter)) return {};
    for (const store of Object.keys(readAfter)) {
      if (positions.length === maxStores) break;
      const position = (readAfter as Record<string, unknown>)[store];
      if (store.length <= maxNameCharacters && isPosition(position)) positions.push([store, position]);
    }
  } catch {
    // A getter or a Proxy: what was read before it counts.
  }
  return Object.fromEntries(positions);
}

const isPosition = (found: unknown): found is number => Number.isSafeInteger(found) && (found as number) >= 0;
