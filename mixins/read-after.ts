import type { Context } from "moleculer";
import { ValidationError } from "../core/errors.ts";
import { show } from "../core/problem.ts";

/** `ctx.meta.readAfter`: the position, by store, that a read of a table folded from it has to include. */
export interface ReadAfterMeta {
  readAfter?: Record<string, number>;
}

/** The position of `store` that a reader asks for; 0 where it asks for none. @throws ValidationError */
export function readAfter(ctx: Context, store: string): number {
  const { readAfter: asked } = ctx.meta as { readAfter?: unknown };
  if (asked === undefined || asked === null) return 0;
  if (typeof asked !== "object" || Array.isArray(asked))
    throw new ValidationError([
      { field: "meta.readAfter", found: asked, expected: `positions by store, like {"${store}": 42}` },
    ]);
  const position = (asked as Record<string, unknown>)[store] ?? 0;
  if (Number.isSafeInteger(position) && (position as number) >= 0) return position as number;
  throw new ValidationError([
    {
      field: `meta.readAfter.${store}`,
      found: typeof position === "object" ? show(position) : position,
      expected: "a position: a whole number from 0",
    },
  ]);
}

/** Reads further down the chain of awaited calls include what was stored up to `position`: meta travels back to the caller. */
export function noteWritten(ctx: Context<unknown, ReadAfterMeta>, store: string, position: number): void {
  const before = ctx.meta.readAfter;
  const own = before !== null && typeof before === "object" ? before : {};
  // The events are stored: a caller whose meta cannot be changed must get his answer all the same.
  if (!Object.isExtensible(ctx.meta)) ctx.meta = { ...ctx.meta };
  ctx.meta.readAfter = { ...own, [store]: Math.max(position, Number(own[store]) || 0) };
}

/** The same from the meta that an action's answer came with. */
export function noteReadAfter(ctx: Context<unknown, ReadAfterMeta>, { readAfter: heard }: ReadAfterMeta): void {
  for (const [store, position] of Object.entries(heard ?? {})) noteWritten(ctx, store, position);
}
