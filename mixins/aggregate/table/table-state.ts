import type { Generation, Progress } from "../../../core/table/read-table.ts";
import { ParkedStreams } from "../../consumer/parked-streams.ts";
import type { Fold } from "../fold/fold.ts";

/** An aggregate's table as one host knows it at one moment: it is replaced when something of it changes. */
export interface TableState {
  /** Folds the table, or its successor; null while another host does, and while the table is closed. */
  readonly fold: Fold | null;
  /** The generation that answers queries, as this host has seen or switched it; null before the first look. */
  readonly live: Generation | null;
  /** Of what is folded; while another host folds, of the live generation as it was seen last. */
  readonly progress: Readonly<Progress>;
  readonly parked: Pick<ParkedStreams, "list" | "count">;
  /** A generation of today's definition that `fold` folds in place of the live one, which is not folded meanwhile. */
  readonly successor: { readonly generation: Generation; readonly since: number } | null;
  /** The rows were folded by another definition than today's. */
  readonly isStale: boolean;
  /** The first event that is folded makes the table one of two definitions. */
  readonly isMixing: boolean;
  /** Why nothing can be folded into it. */
  readonly blockedBy: string | null;
}

export const unseen: TableState = {
  fold: null,
  live: null,
  progress: { position: 0, positionId: null, folded: 0, reordered: false, log: null },
  parked: new ParkedStreams(),
  successor: null,
  isStale: false,
  isMixing: false,
  blockedBy: null,
};
