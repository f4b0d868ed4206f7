import type { StoredGeneration } from "./stored-generation.ts";

/** One owner in the table's pointer. */
export interface Owner {
  owner: string;
  /** The generation that answers its hosts' queries; 0 while it has none. */
  live: number;
  /** The epoch of its last takeover. No other owner, and no later owner of this name, has the same. */
  epoch: number;
  /** Generations below this number were dropped with an earlier owner of this name. They never become live again. */
  first: number;
  /** The time of the last takeover, by the clock of its host: milliseconds since 1970. */
  touched: number;
}

/** The part of the pointer that changes, each time in one step. */
export interface PointerState {
  /** The one whose generation became live last is the first; those without a live one are the last. */
  owners: readonly Owner[];
  /** The number of the next generation. */
  next: number;
  /** The last epoch that was given to an owner. */
  epoch: number;
}

/** A host that changes the table: its owner, and the epoch of the last takeover that it knows. */
export type Host = Pick<Owner, "owner" | "epoch">;

export const ownerIn = ({ owners }: PointerState, owner: string): Owner | undefined =>
  owners.find((one) => one.owner === owner);

/** The generation that hosts of this owner read: their own or, while they have none, the one that became live last. */
export const liveFor = (state: PointerState, owner: string): number =>
  ownerIn(state, owner)?.live || (state.owners[0]?.live ?? 0);

/** True if the generation is not live, and no owner can make it live any more. */
export function isDead(state: PointerState, { owner, number }: StoredGeneration): boolean {
  // Added after this state was read.
  if (number >= state.next) return false;
  const own = ownerIn(state, owner);
  return own === undefined || number < own.first;
}
