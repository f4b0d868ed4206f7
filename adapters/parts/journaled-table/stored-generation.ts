import { fieldsToText, type Fields } from "../../../core/rows/fields.ts";
import type { Origin, Progress } from "../../../core/table/read-table.ts";
import type { Head } from "./row-store.ts";

/** What is said of a generation in one document, which all that happens to the generation is decided by. */
export interface StoredGeneration extends Head {
  kind: "generation";
  number: number;
  fields: string;
  definition: string;
  order: string;
  /** Whoever took the table over last has raised it to his; -1 while the generation is removed. */
  epoch: number;
  /** The number of the last batch that was decided, and the name that it was given. */
  batch: number;
  token: string;
  /** What this batch changes, until that is done: a text, or "" where it stands in so many pieces. Null when it is done. */
  journal: string | null;
  pieces: number;
  /** The progress as of the last batch that is done. */
  progress: string;
  /** And as of the one in the journal. */
  next: string | null;
  /** Who keeps commits waiting for a moment. */
  hold: string | null;
  /** When something was last written to it, by the clock of who wrote: milliseconds since 1970. */
  touched: number;
}

export const dropped = -1;
const nowhere: Progress = { position: 0, positionId: null, folded: 0, reordered: false, log: null };

export const generationId = (number: number): string => `generation ${number}`;
export const pieceId = (number: number, token: string, index: number): string => `piece ${number} ${token} ${index}`;

export interface About {
  fields: Fields;
  origin: Readonly<Origin>;
  epoch: number;
  batch?: number;
  progress?: Progress;
}

export const newGeneration = (number: number, about: About): StoredGeneration => ({
  _id: generationId(number),
  kind: "generation",
  number,
  fields: fieldsToText(about.fields),
  definition: about.origin.definition,
  order: about.origin.order,
  epoch: about.epoch,
  batch: about.batch ?? 0,
  token: "",
  journal: null,
  pieces: 0,
  progress: JSON.stringify(about.progress ?? nowhere),
  next: null,
  hold: null,
  touched: Date.now(),
});

export const progressOf = (stored: StoredGeneration): Progress => JSON.parse(stored.progress) as Progress;

/** The number of the last batch whose rows all stand where they belong. */
export const doneBatch = ({ batch, journal }: StoredGeneration): number => (journal === null ? batch : batch - 1);
