import type { Generation, Progress } from "../../../core/table/read-table.ts";
import { ParkedStreams } from "../../consumer/parked-streams.ts";
import type { Fold } from "../fold/fold.ts";
import type { StartPlan } from "../rebuild/definition-change.ts";

interface Successor {
  readonly generation: Generation;
  /** When its fold began, in milliseconds since 1970. */
  readonly since: number;
  /** The position of the live rows at that time. */
  readonly from: number;
}

/** An aggregate's table as one host knows it at one moment; immutable, replaced when a part of it changes. */
export interface TableState {
  /** Folds the table or its successor; null while another host folds, and while the table is closed. */
  readonly fold: Fold | null;
  /** The generation that answers queries, as this host has last seen or switched it; null before it was first read. */
  readonly live: Generation | null;
  /** The progress of `fold`; while another host folds, the last known progress of the live generation. */
  readonly progress: Readonly<Progress>;
  readonly parked: Pick<ParkedStreams, "list" | "count" | "isGoingOn">;
  /**
   * A generation of the current definition that `fold` folds instead of the live one. The live one is folded by a host of
   * its own definition, if there is any. Until its copy is made, the live one itself.
   */
  readonly successor: Successor | null;
  /** The rows were folded by a definition other than the current one. */
  readonly isStale: boolean;
  /** The first event that is folded mixes rows of two definitions in the table. */
  readonly isMixing: boolean;
  /** Why no event can be folded into the table. */
  readonly blockedBy: string | null;
  /** The table is copied before the next event is folded, into a copy that `successor` will be: see `StartPlan`. */
  readonly copy: StartPlan["copy"];
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
  copy: null,
};
