import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { pieceId, type StoredGeneration } from "./stored-generation.ts";
import type { Content, Kind, RowStore, Write } from "./row-store.ts";

type Line = [kind: Kind, id: string, isNew: boolean, content: Content | null];

/** Serializes the writes of a batch into texts that each fit into one document. */
export function cutJournal(writes: readonly Write[], maxBytes: number): string[] {
  const texts: string[] = [];
  let lines: string[] = [];
  let bytes = 0;
  const end = () => {
    texts.push(`[${lines.join(",")}]`);
    lines = [];
    bytes = 0;
  };
  for (const { kind, id, isNew, content } of writes) {
    const line = JSON.stringify([kind, id, isNew, content] satisfies Line);
    const size = Buffer.byteLength(line) + 1;
    if (bytes + size > maxBytes && lines.length > 0) end();
    lines.push(line);
    bytes += size;
  }
  end();
  return texts;
}

/** The writes of the journal; null if another host has applied it meanwhile. */
export async function readJournal(store: RowStore, stored: StoredGeneration): Promise<Write[] | null> {
  const texts = [stored.journal!];
  for (let index = 0; index < stored.pieces; index++) {
    const piece = await store.heads.get(pieceId(stored.number, stored.token, index));
    if (piece) texts[index] = piece["text"] as string;
    else if (await isPending(store, stored))
      throw new UnusableStoreError(
        store.location,
        `found no piece ${index} of a journal, expected ${stored.pieces} pieces`,
      );
    else return null;
  }
  return texts.flatMap((text) =>
    (JSON.parse(text) as Line[]).map(([kind, id, isNew, content]) => ({ kind, id, isNew, content })),
  );
}

async function isPending(store: RowStore, { _id, token }: StoredGeneration): Promise<boolean> {
  const now = (await store.heads.get(_id)) as StoredGeneration | null;
  return now?.token === token && now.journal !== null;
}

/** Stores the journal's pieces. They have no effect until the generation's document refers to them. */
export async function storePieces(
  store: RowStore,
  { number, batch, token }: { number: number; batch: number; token: string },
  texts: readonly string[],
): Promise<void> {
  for (const [index, text] of texts.entries())
    await store.heads.add({ _id: pieceId(number, token, index), kind: "piece", generation: number, batch, text });
}

/** Removes the pieces of batches that are complete, or were never decided. */
export const removePieces = (store: RowStore, number: number, upTo: number): Promise<void> =>
  store.heads.remove({ kind: "piece", generation: number, batch: { $lte: upTo } });
