import { removePieces } from "./journal.ts";
import type { RowStore } from "./row-store.ts";
import { doneBatch, dropped, generationId, type StoredGeneration } from "./stored-generation.ts";

/** A generation that was not touched for so long was left behind by a crash. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** It belongs to nobody first: a commit that is late, and a copy, find that out. */
export async function removeGeneration(store: RowStore, number: number): Promise<void> {
  const id = generationId(number);
  await store.heads.change(id, {}, { epoch: dropped });
  await store.removeGeneration(number);
  await removePieces(store, number, Number.MAX_SAFE_INTEGER);
  await store.heads.remove({ _id: id });
}

/**
 * What crashes left: generations, parts of journals, and rows of generations that are gone. The pointer was read before: a
 * generation whose number it has passed is listed, unless it is gone.
 */
export async function removeLeftovers(store: RowStore, pointer: { live: number; next: number }): Promise<void> {
  const { live, next } = pointer;
  const numbers: number[] = [];
  for (const stored of (await store.heads.list("generation")) as StoredGeneration[]) {
    const { number, epoch, touched } = stored;
    const isLeft = number !== live && (epoch === dropped || touched < Date.now() - abandonedAfterMs);
    if (isLeft) await removeGeneration(store, number);
    else {
      numbers.push(number);
      await removePieces(store, number, doneBatch(stored));
    }
  }
  await store.removeOthers(next, numbers);
}
