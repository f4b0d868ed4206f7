import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { writtenByNewer } from "../../../core/errors/newer-version.ts";
import { generationIn, pieceId, type StoredGeneration } from "./stored-generation.ts";
import { kinds, type Content, type Kind, type RowStore, type Write } from "./row-store.ts";

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

/**
 * The writes of the journal; null if another host has applied it meanwhile.
 * @throws UnusableStoreError if a piece is missing, or a newer version has written it
 */
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
    (JSON.parse(text) as Line[]).map(([kind, id, isNew, content]) => {
      // Otherwise nothing would write the document, and the batch would pass for applied.
      if (!kinds.includes(kind)) throw writtenByNewer(store.location, "kind in a journal", kind, kinds.join(" or "));
      return { kind, id, isNew, content };
    }),
  );
}

async function isPending(store: RowStore, { number, token }: StoredGeneration): Promise<boolean> {
  const now = await generationIn(store, number);
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
