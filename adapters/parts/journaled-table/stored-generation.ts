import { randomUUID } from "node:crypto";
import { fieldsToText, type Fields } from "../../../core/rows/fields.ts";
import type { Origin, Progress } from "../../../core/table/read-table.ts";
import { assertFormat, formats } from "../../../core/log/stored-format.ts";
import type { Head, RowStore } from "./row-store.ts";

/** A generation's document. Each change to the generation is decided by a compare-and-set of this document. */
export interface StoredGeneration extends Head {
  kind: "generation";
  format: number;
  number: number;
  owner: string;
  fields: string;
  definition: string;
  requestId: string;
  /** The epoch of the owner's last takeover; -1 while the generation is being removed. */
  epoch: number;
  /** The number of the last decided batch. */
  batch: number;
  /** The random id of this batch, or of the generation before the first one, by which its host recognises it. */
  token: string;
  /** The writes of this batch until they are applied, then null; "" if they are stored in `pieces` documents. */
  journal: string | null;
  pieces: number;
  /** The progress as of the last complete batch. */
  progress: string;
  /** The progress as of the batch in the journal. */
  next: string | null;
  /** The text of the copy lock that blocks commits; null if there is none. */
  copyLock: string | null;
  /** The time of the last commit, by the clock of its host: milliseconds since 1970. */
  touched: number;
}

export const dropped = -1;
const nowhere: Progress = { position: 0, positionId: null, folded: 0, reordered: false, log: null };

export const generationId = (number: number): string => `generation ${number}`;
export const pieceId = (number: number, token: string, index: number): string => `piece ${number} ${token} ${index}`;

export interface About {
  fields: Fields;
  origin: Readonly<Origin>;
  owner: string;
  epoch: number;
  batch?: number;
  progress?: Progress;
}

export const newGeneration = (number: number, about: About): StoredGeneration => ({
  _id: generationId(number),
  kind: "generation",
  format: formats.journaledTable,
  number,
  owner: about.owner,
  fields: fieldsToText(about.fields),
  definition: about.origin.definition,
  requestId: about.origin.requestId,
  epoch: about.epoch,
  batch: about.batch ?? 0,
  token: randomUUID(),
  journal: null,
  pieces: 0,
  progress: JSON.stringify(about.progress ?? nowhere),
  next: null,
  copyLock: null,
  touched: Date.now(),
});

/** The document of a generation; null if there is none. @throws UnusableStoreError if a newer version has written it */
export async function generationIn({ heads, location }: RowStore, number: number): Promise<StoredGeneration | null> {
  const head = await heads.get(generationId(number));
  return head && asGeneration(location, head);
}

export async function generationsIn({ heads, location }: RowStore): Promise<StoredGeneration[]> {
  return (await heads.list("generation")).map((head) => asGeneration(location, head));
}

function asGeneration(location: string, head: Head): StoredGeneration {
  assertFormat(location, "journaledTable", head["format"]);
  return head as StoredGeneration;
}

export const progressOf = (stored: StoredGeneration): Progress => JSON.parse(stored.progress) as Progress;

/** The number of the last batch that is completely applied. */
export const doneBatch = ({ batch, journal }: StoredGeneration): number => (journal === null ? batch : batch - 1);
