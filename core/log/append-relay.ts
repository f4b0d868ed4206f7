import type { AppendRequest } from "./append-request.ts";

/** Where a commit has put an append: of its first event. All events of an append have one time. */
export interface StoredAt {
  position: number;
  version: number;
  time: string;
}

export interface RelayAnswer {
  /** For each request, in their order; null where the other host has not stored it now: it was refused, or stored before. */
  stored: (StoredAt | null)[];
  /** The other host has had appends of others, too, within `times.relay.recentMs`. */
  isShared: boolean;
}

/** How a host of a log reaches the other hosts, so that one of them commits what all of them are sent. */
export interface AppendRelay {
  /** The name of this host's node, by which the others reach it. */
  readonly node: string;
  /**
   * Has the host on that node decide and store these requests in one commit of the log with that identity. Where it
   * rejects, they may be stored or not, or be stored yet.
   */
  send(node: string, log: string, requests: readonly AppendRequest[]): Promise<RelayAnswer>;
}
