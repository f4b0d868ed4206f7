/**
 * All durations in milliseconds: leases, polling intervals, retries and time-outs. Most depend on one another: a lease
 * is renewed several times before it lapses, and a caller waits longer than the operation that it waits for. Limits of
 * work, such as page sizes, are defined beside the code that does the work.
 */
const real = {
  /**
   * The lease of a consumer, a pump or a shared table, unless the store sets `leaseMs`. It is renewed three times in
   * `lastsMs`.
   */
  lease: {
    lastsMs: 3000,
    retryMs: 500,
    /** The holder hands over to another node once no node has joined for this long. */
    settleMs: 10_000,
  },
  /**
   * A consumer or a pump polls at this interval if no notification arrives; more often while a caller waits for another
   * node.
   */
  poll: { everyMs: 1000, whileAwaitedMs: 25 },
  /**
   * First wait of a consumer after an outage. Each further wait is twice as long, at most `poll.everyMs`; at most
   * `processMs` if a single process waits.
   */
  consumerRetry: { firstMs: 50, processMs: 10_000 },
  /**
   * A host's clock may be ahead of its server's by `toleranceMs`. A clock that is behind the last event by `warnMs` is
   * reported.
   */
  clock: { toleranceMs: 1000, checkEveryMs: 60_000, warnMs: 5000 },
  /** Interval of checkpoints under load. After a kill, at most this much work is repeated. */
  checkpoint: { consumerMs: 200, pumpMs: 500 },
  /**
   * Time-outs of calls between the nodes of a consumer. `storeMs`: of a call to the store, whose message may be lost.
   * `everyHostMs`: of a call to every host, one of which may die. A node that misses `pings` pings in a row counts as
   * silent. `readMs`: after it, a read of the log returns how far it has looked, even if it has found no event.
   */
  call: { readMs: 1000, storeMs: 5000, everyHostMs: 15_000, statusMs: 1000, pingMs: 1000, pings: 3 },
  /**
   * Opening a store or a table. A server that starts together with its node is expected within `retryTimeoutMs`; an opening
   * that makes progress may take longer, and reports its progress every `reportEveryMs`.
   */
  opening: { retryTimeoutMs: 10_000, firstMs: 250, longestMs: 1000, reportEveryMs: 5000 },
  /**
   * The table of a definition that no node runs any more is kept for `keptMs`, so that a release that is rolled back
   * continues in it.
   */
  definitions: { checkEveryMs: 10_000, keptMs: 60 * 60 * 1000 },
  /**
   * A node whose rows wait for a newer release passes reads on. A node that has not responded within `answerMs` is pinged; if
   * it does not respond to that either, it is passed over until it responds to a ping.
   */
  newerRows: { answerMs: 2000 },
  /** While a node starts, its services start one after the other; no warning is logged for this long. */
  start: { quietMs: 5000 },
  /**
   * Time limits of a stop, ten seconds in all: for user code, for consumers, for the store and for the transporter,
   * since a server's connection may be half dead. Unfinished work is left to the lapse of leases.
   */
  stop: { userCodeMs: 5000, followerMs: 6000, storeMs: 8000, transporterMs: 1000 },
  /** Retries of a fold into the past (`at`, `whatIf`) during an outage. */
  pastRetry: { firstMs: 50, lastMs: 1600 },
  /** Retries of a command after a version conflict. */
  conflictRetry: { firstMs: 5, longestMs: 200 },
  /**
   * After an append whose outcome is unknown, commands are not pipelined for this long: each waits for the one before
   * it.
   */
  speculation: { pauseMs: 60_000 },
  /**
   * Retries of an append to a server: for `outageMs` if the server does not respond, and for `overtakenMs` if other
   * hosts commit first. The second is longer, since a server that commits other hosts' appends works.
   */
  append: { outageMs: 5000, overtakenMs: 20_000, firstMs: 5, longestMs: 250 },
  /** A server that lacks control state which it had acknowledged may be catching up, like a new leader of a cluster. */
  control: { lateMs: 3000, retryMs: 100 },
  /**
   * A host that appends continuously pauses after this long, so that other hosts commit before their retries time out.
   */
  fairness: { leastMs: 250, mostMs: 1000, longestBreakMs: 200 },
  /**
   * Appends that a host relays to another host: while other hosts committed first within `recentMs`, or while that host
   * receives appends of several hosts. A node that does not respond within `answerMs`, or refuses, is avoided for
   * `avoidMs`.
   */
  relay: { recentMs: 1000, checkMs: 250, answerMs: 1000, avoidMs: 5000 },
  /** The lock of a generation that is being copied. A holder without a heartbeat for `silentMs` is presumed dead. */
  copyLock: { silentMs: 10_000, heartbeatMs: 1000, retryMs: 10, takenMs: 60_000, doneMs: 2000 },
  /**
   * Interval of the check that an open file is still the one at its path. The check takes microseconds; events that are
   * appended between a removal and the next check are lost with the rest of the log.
   */
  openFiles: { checkEveryMs: 100 },
  postgres: {
    connectMs: 10_000,
    /**
     * After `silentMs` without a response to a statement, the host asks the server about the state of its session,
     * again every `checkMs`.
     */
    silentMs: 2000,
    checkMs: 500,
    /** Time limit for finding out whether a statement whose response was lost took effect. */
    outcomeMs: 5000,
    retryMs: 50,
    /**
     * A writer that is idle in its transaction for `frozenMs` while another one waits has its transaction ended by the
     * server.
     */
    frozenMs: 3000,
    frozenAppendMs: 2000,
    turnMs: 10_000,
    /** A table that is still being read from is dropped at a later start. */
    dropMs: 500,
    listenRetryMs: 1000,
    /** A dead connection goes unnoticed if it only waits for notifications. */
    listenCheckMs: 10_000,
    /** An unused connection is closed after this long. */
    idleMs: 2000,
    /** After the server refused a further connection, the pool does not grow for this long. */
    crowdedMs: 60_000,
    /** Shorter than `opening.retryTimeoutMs`. */
    listenMs: 5000,
  },
  /**
   * A request is sent again every `resendMs`, and given up after `answerMs`. A connection is given up if two pings have
   * no response when the third is due. The server removes a consumer that is idle for `idleConsumerMs`.
   */
  nats: {
    connectMs: 5000,
    answerMs: 3000,
    resendMs: 1000,
    reconnectMs: 200,
    pingMs: 1000,
    idleConsumerMs: 10_000,
  },
  /** A query without an index reads the whole collection. An update of a document is done long before `lockMs`. */
  mongodb: { connectMs: 2000, writeMs: 4000, answerMs: 4000, queryMs: 30_000, lockMs: 5000, lockRetryMs: 5 },
  /** A service waits this long, with checks in between, until a hot reload has replaced the others that share its file. */
  hotReload: { waitMs: 10_000, retryMs: 50 },
  /** The command `copy` checks this often whether a host has renewed its lease. */
  copy: { retryMs: 500 },
};

/** Longest lease: a cluster pauses at most this long after a kill. */
export const longestLeaseMs = 60_000;

type Times = typeof real;

/** Read at each use, never cached: tests change them. */
export const times: { readonly [Group in keyof Times]: Readonly<Times[Group]> } = real;

/**
 * For tests only, which would otherwise wait for real seconds. No other module calls it, and no export of the package
 * leads here. A function, not an environment variable: a production process must not change its behaviour by a variable
 * that it inherits.
 */
export function setTimes(some: { [Group in keyof Times]?: Partial<Times[Group]> }): void {
  for (const group of Object.keys(some) as (keyof Times)[]) Object.assign(real[group], some[group]);
}
