import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { readJournal, removePieces } from "./journal.ts";
import { kinds, type RowStore, type Write } from "./row-store.ts";
import { generationIn, type StoredGeneration } from "./stored-generation.ts";

type Decided = Pick<StoredGeneration, "_id" | "number" | "batch" | "token" | "pieces" | "next">;

/** Writes the rows of a decided commit, and then its checkpoint. Idempotent: any host may repeat it at any time. */
export async function applyWrites(store: RowStore, writes: readonly Write[], of: Decided): Promise<void> {
  const { _id, number, batch, token, pieces, next } = of;
  for (const kind of kinds) {
    const ofKind = writes.filter((write) => write.kind === kind);
    if (ofKind.length > 0) await store.documents(number, kind).put(ofKind, batch);
  }
  const done = { progress: next, journal: null, next: null, pieces: 0 };
  // Another host may have applied it and committed more; but the number of the last batch never falls.
  if (!(await store.heads.change(_id, { batch, token }, done))) {
    const stored = await generationIn(store, number);
    if (stored && stored.batch < batch)
      throw new UnusableStoreError(
        store.location,
        `found batch ${stored.batch} as the last of generation ${number}, expected at least ${batch}, which was stored: the engine does not check conditions and write in one step`,
      );
  }
  if (pieces > 0) await removePieces(store, number, batch);
}

/** Applies the stored journal, unless another host has done so meanwhile. */
export async function applyJournal(store: RowStore, stored: StoredGeneration): Promise<void> {
  const writes = await readJournal(store, stored);
  if (writes) await applyWrites(store, writes, stored);
}
