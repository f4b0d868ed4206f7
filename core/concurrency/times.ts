/**
 * How long a lease lives, how often something is asked again and how long an answer is waited for, in milliseconds. Most
 * of them depend on one another: a renewal is several times as frequent as a lease is long, and a caller waits longer
 * than what it waits for. Bounds of work, as the size of a page, stand where the work is done.
 */
const real = {
  /** Of a consumer, a pump or a shared table, unless the store names another `leaseMs`. It is renewed three times in `lastsMs`. */
  lease: {
    lastsMs: 3000,
    askAgainMs: 500,
    /** The holder hands over to a node that has come no earlier than this after the last one came. */
    settleMs: 10_000,
  },
  /** A consumer or a pump that was not woken looks by itself; while a caller waits for another node's work, more often. */
  poll: { everyMs: 1000, whileAwaitedMs: 25 },
  /** A consumer after an outage: the first wait. Each further one is twice as long, up to a poll. */
  consumerRetry: { firstMs: 50 },
  /** A host's clock may be ahead of its server's by `toleranceMs`, and behind the last event by `warnMs`. */
  clock: { toleranceMs: 1000, checkEveryMs: 60_000, warnMs: 5000 },
  /** While events flow: after a kill, at most so much is handled or handed over twice. */
  checkpoint: { consumerMs: 200, pumpMs: 500 },
  /**
   * Calls between the nodes of a consumer. The first is lost with its message, the second with its node. A node that
   * leaves so many pings in a row unanswered is silent.
   */
  call: { storeMs: 5000, everyHostMs: 15_000, statusMs: 1000, pingMs: 1000, pings: 3 },
  /**
   * A store or a table that cannot be opened. A server that is started together with its node is there within `patienceMs`;
   * an opening that makes progress may take longer, and says every `tellEveryMs` how far it is.
   */
  opening: { patienceMs: 10_000, firstMs: 250, longestMs: 1000, tellEveryMs: 5000 },
  /** While a node starts, its services come one after the other: no reason for a warning. */
  start: { quietMs: 5000 },
  /**
   * A node that stops waits for user code, and for servers, which may be behind a connection that is half dead: for what
   * follows a store, the store, and the transporter, ten seconds in all. What is not written by then is left to the lapse of leases.
   */
  stop: { userCodeMs: 5000, followerMs: 6000, storeMs: 8000, transporterMs: 1000 },
  /** A fold into the past during an outage. */
  pastRetry: { firstMs: 50, lastMs: 1600 },
  /** A command after a version conflict. */
  conflictRetry: { firstMs: 5, longestMs: 200 },
  /** After an append whose outcome is not known, commands wait for the outcome of the one before. */
  speculation: { pauseMs: 60_000 },
  /**
   * An append to a server: asked again for `outageMs` where it does not answer, and for `overtakenMs` where other hosts
   * are first, since an engine that stores what they send is worth more waiting.
   */
  append: { outageMs: 5000, overtakenMs: 20_000, firstMs: 5, longestMs: 250 },
  /** A server that lacks control state which it had acknowledged may have to catch up, as a new leader of a cluster. */
  control: { lateMs: 3000, retryMs: 100 },
  /** A host that appends without a break makes one, so that other hosts get in before their patience ends. */
  fairness: { leastMs: 250, mostMs: 1000, longestBreakMs: 200 },
  /**
   * Appends that a host sends to another one, which commits for it: while it was overtaken within `recentMs`, or shares the
   * other with more hosts. A node that gave no answer within `answerMs`, or refused, is left alone for `avoidMs`.
   */
  relay: { recentMs: 1000, lookMs: 250, answerMs: 1000, avoidMs: 5000 },
  /** The lock of a generation that is being copied. A holder without a heartbeat for `silentMs` is presumed dead. */
  copyLock: { silentMs: 10_000, heartbeatMs: 1000, retryMs: 10, takenMs: 60_000, doneMs: 2000 },
  /**
   * Whether the files that a host has open are those that their paths name. A look costs some microseconds; what is
   * appended between a removal and the next look is lost with the rest of the log.
   */
  openFiles: { lookEveryMs: 100 },
  postgres: {
    connectMs: 10_000,
    /** A statement without an answer for `silentMs` makes the host ask what its session does, and look again each `lookMs`. */
    silentMs: 2000,
    lookMs: 500,
    /** What became of a statement whose answer was lost. */
    outcomeMs: 5000,
    retryMs: 50,
    /** A writer that does nothing for `frozenMs` while another waits has its transaction ended for it. */
    frozenMs: 3000,
    frozenAppendMs: 2000,
    turnMs: 10_000,
    /** A table to be dropped that is still read from is left to a later start. */
    dropMs: 500,
    listenRetryMs: 1000,
    /** A connection that waits for notices alone does not show that it has died. */
    listenCheckMs: 10_000,
    /** A connection that is not used for so long is closed. */
    idleMs: 2000,
    /** After the server refused a further connection, those that there are have to do. */
    crowdedMs: 60_000,
    /** Shorter than `opening.patienceMs`. */
    listenMs: 5000,
  },
  /**
   * A request is sent again each `askAgainMs`, and given up after `answerMs`; a connection, when three pings are due and
   * two have no answer. The server forgets a consumer that is idle for `idleConsumerMs`.
   */
  nats: {
    connectMs: 5000,
    answerMs: 3000,
    askAgainMs: 1000,
    reconnectMs: 200,
    pingMs: 1000,
    idleConsumerMs: 10_000,
  },
  /** A query that no index helps reads the whole collection. */
  mongodb: { connectMs: 2000, writeMs: 4000, answerMs: 4000, queryMs: 30_000 },
  /** The command copy looks so often whether a host has renewed its lease. */
  copy: { retryMs: 500 },
};

/** Of a lease: for so long a cluster stands at most. */
export const longestLeaseMs = 60_000;

type Times = typeof real;

/** Read where they are used, never kept: tests set them. */
export const times: { readonly [Group in keyof Times]: Readonly<Times[Group]> } = real;

/**
 * For tests alone, which would wait for real seconds; no other module calls it, and none of the package's exports leads
 * here. A function and not a variable of the environment: what a production process does must not depend on one that it
 * happens to inherit.
 */
export function setTimes(some: { [Group in keyof Times]?: Partial<Times[Group]> }): void {
  for (const group of Object.keys(some) as (keyof Times)[]) Object.assign(real[group], some[group]);
}
