import type { AppendRequest } from "./append-request.ts";

/** Where a commit stored an append's first event. All events of an append have the same time. */
export interface StoredAt {
  position: number;
  version: number;
  time: string;
}

export interface RelayAnswer {
  /** One entry per request, in order; null if this call did not store it: it was refused, or stored before. */
  stored: (StoredAt | null)[];
  /** The other host has received appends of other hosts, too, within `times.relay.recentMs`. */
  isShared: boolean;
}

/** Connects the hosts of a log, so that one of them can commit the appends of all. */
export interface AppendRelay {
  /** The name of this host's node, under which other hosts reach it. */
  readonly node: string;
  /**
   * Sends requests to the host on `node`, which decides and stores them in one commit of the log with identity `log`.
   * If it rejects, the requests may or may not be stored, possibly later.
   */
  send(node: string, log: string, requests: readonly AppendRequest[]): Promise<RelayAnswer>;
}
