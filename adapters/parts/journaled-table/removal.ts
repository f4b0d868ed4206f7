import { removePieces } from "./journal.ts";
import { isDead } from "./owners.ts";
import type { Pointer } from "./pointer.ts";
import type { RowStore } from "./row-store.ts";
import { doneBatch, dropped, generationId, generationsIn, type StoredGeneration } from "./stored-generation.ts";

/** A generation without a write for this long is a leftover of a crash, and so is an owner without a generation. */
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
 * Removes the leftovers of crashes and of dropped owners: generations, pieces of journals, rows of removed generations,
 * and owners that never had a live generation. The pointer is read before the list: every generation below its `next`
 * is then in the list, unless it was removed.
 */
export async function removeLeftovers(store: RowStore, pointer: Pointer): Promise<void> {
  const state = await pointer.read();
  const abandoned = Date.now() - abandonedAfterMs;
  const isLive = (number: number) => state.owners.some(({ live }) => live === number);
  const left: StoredGeneration[] = [];
  for (const stored of await generationsIn(store)) {
    const { number, epoch, touched } = stored;
    const isLeftover = epoch === dropped || touched < abandoned || isDead(state, stored);
    if (isLeftover && !isLive(number)) await removeGeneration(store, number);
    else {
      left.push(stored);
      await removePieces(store, number, doneBatch(stored));
    }
  }
  await store.removeOthers(
    state.next,
    left.map(({ number }) => number),
  );
  for (const { owner, live, touched } of state.owners)
    if (live === 0 && touched < abandoned && !left.some((stored) => stored.owner === owner)) await pointer.drop(owner);
}
