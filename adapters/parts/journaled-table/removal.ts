import { removePieces } from "./journal.ts";
import type { RowStore } from "./row-store.ts";
import { doneBatch, dropped, generationId, generationsIn } from "./stored-generation.ts";

/** A generation without a write for this long is a leftover of a crash. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** Marks the generation as dropped before its rows go, so that a late commit or a running copy fails. */
export async function removeGeneration(store: RowStore, number: number): Promise<void> {
  const id = generationId(number);
  await store.heads.change(id, {}, { epoch: dropped });
  await store.removeGeneration(number);
  await removePieces(store, number, Number.MAX_SAFE_INTEGER);
  await store.heads.remove({ _id: id });
}

/**
 * Removes the leftovers of crashes: generations, pieces of journals, and rows of removed generations. The pointer must
 * be read before the list: every generation below `pointer.next` is then in the list, unless it was removed.
 */
export async function removeLeftovers(store: RowStore, pointer: { live: number; next: number }): Promise<void> {
  const { live, next } = pointer;
  const numbers: number[] = [];
  for (const stored of await generationsIn(store)) {
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
