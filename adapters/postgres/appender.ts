import { setTimeout as wait } from "node:timers/promises";
import type { AppendRequest } from "../../core/log/append-request.ts";
import type { AppendVerdict } from "../../core/log/event-log.ts";
import { times } from "../../core/concurrency/times.ts";
import { outcomeUnknown } from "../parts/retry.ts";
import { CommitSnapshots, type CommitSnapshot } from "./commit-snapshot.ts";
import { Commit } from "./commit.ts";
import { isUnsent, type Connections, type Session } from "./connections.ts";
import { lockHead } from "./event-schema.ts";
import { assumedSnapshot, type CachedState } from "./assumed-snapshot.ts";
import { storeCommitInSql } from "./store-commit.ts";
import { isOfConnection, isRace, isTaken, translate } from "./errors.ts";

/** The verdicts; or nothing was stored, since the snapshot was outdated; or the response was lost. */
type Outcome = AppendVerdict[] | "refuted" | "in doubt";

/**
 * Commits groups of appends from any number of hosts. A commit is first decided on the versions that its callers
 * expect, or on a snapshot read by one statement. A second statement writes it, and stores nothing if the snapshot is
 * outdated. It is then decided again, the last time under a lock that excludes other hosts.
 */
export class Appender {
  readonly #location: string;
  readonly #connections: Connections;
  readonly #schema: string;
  readonly #snapshots: CommitSnapshots;
  readonly #storing: string;
  readonly #channel: string | null;
  #cached: CachedState | null = null;

  /** @param channel to notify other hosts of commits, or null */
  constructor(location: string, connections: Connections, schema: string, channel: string | null) {
    this.#location = location;
    this.#connections = connections;
    this.#schema = schema;
    this.#snapshots = new CommitSnapshots(schema);
    this.#storing = storeCommitInSql(schema);
    this.#channel = channel;
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    if (requests.length === 0) return [];
    const deadline = Date.now() + times.postgres.outcomeMs;
    // If the server is unreachable this throws, and no statement was sent whose outcome is unknown.
    let outcome = await this.#asAssumed(requests);
    if (outcome === "refuted") outcome = await this.#inPassing(requests);
    if (Array.isArray(outcome)) return outcome;
    const verdicts = await this.#retrying(asKnown(requests), outcome, deadline);
    // Only this call could have sent these generated ids, so it stored the events itself and lost the response.
    return verdicts.map((verdict, index) =>
      "repeated" in verdict && requests[index]!.events.every(({ idWasGenerated }) => idWasGenerated)
        ? { ...verdict, repeated: false }
        : verdict,
    );
  }

  async #retrying(requests: readonly AppendRequest[], outcome: Outcome, deadline: number): Promise<AppendVerdict[]> {
    let isInDoubt = false;
    try {
      while (!Array.isArray(outcome)) {
        if (outcome === "in doubt") await wait(times.postgres.retryMs);
        isInDoubt ||= outcome === "in doubt";
        outcome = await withoutOthers(deadline, () => this.#alone(requests));
      }
      return outcome;
    } catch (error) {
      throw isInDoubt ? outcomeUnknown(this.#location, translate(this.#location, error)) : error;
    }
  }

  /** Decides on assumed versions, without reading: one statement. */
  async #asAssumed(requests: readonly AppendRequest[]): Promise<Outcome> {
    const basis = this.#cached && assumedSnapshot(requests, this.#cached);
    if (!basis) return "refuted";
    const commit = new Commit(basis, requests);
    return commit.isDecided ? amongOthers(() => this.#store(this.#connections, commit)) : "refuted";
  }

  async #inPassing(requests: readonly AppendRequest[]): Promise<Outcome> {
    const commit = new Commit(await this.#read(this.#connections, requests), requests);
    return amongOthers(() =>
      commit.claimsHaveChanged
        ? this.#connections.transaction((session) => this.#store(session, commit))
        : this.#store(this.#connections, commit),
    );
  }

  #alone(requests: readonly AppendRequest[]): Promise<Outcome> {
    return this.#connections.transaction(async (session) => {
      const basis = await this.#read(session, requests);
      return this.#store(session, new Commit(basis, behindNothingWhereKnown(requests, basis)));
    }, lockHead(this.#schema));
  }

  async #read(session: Session, requests: readonly AppendRequest[]): Promise<CommitSnapshot> {
    const basis = await this.#snapshots.read(session, requests);
    this.#cached = { revision: basis.revision, scopes: basis.scopes };
    return basis;
  }

  async #store(session: Session, commit: Commit): Promise<Outcome> {
    if (commit.count === 0) return commit.verdicts;
    const { rows } = await session.query(this.#storing, [...commit.values(), this.#channel]);
    if (rows.length === 0) return "refuted";
    const [before, time] = rows[0] as [before: number, time: string];
    commit.wasStored(before, time);
    if (commit.claimsHaveChanged) await commit.saveClaims(session, this.#schema);
    return commit.verdicts;
  }
}

/** After a lost response, events with generated ids may be stored as well, so their ids have to be looked up. */
function asKnown(requests: readonly AppendRequest[]): AppendRequest[] {
  const copies = new Map<AppendRequest, AppendRequest>();
  for (const request of requests) {
    const events = request.events.map((event) => ({ ...event, idWasGenerated: false }));
    const dependsOn = request.dependsOn && (copies.get(request.dependsOn) ?? request.dependsOn);
    copies.set(request, { ...request, events, ...(dependsOn && { dependsOn }) });
  }
  return requests.map((request) => copies.get(request)!);
}

/**
 * An event that is stored was committed together with the event that it depends on. That happened in an earlier commit,
 * not in the one that finds it now.
 */
const behindNothingWhereKnown = (requests: readonly AppendRequest[], { known }: CommitSnapshot): AppendRequest[] =>
  requests.map((request) => {
    const { dependsOn, ...alone } = request;
    return dependsOn && known.has(request.events[0]!.id) ? alone : request;
  });

async function amongOthers(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (isRace(error)) return "refuted";
    if (isOfConnection(error) && !isUnsent(error)) return "in doubt";
    throw error;
  }
}

/** @param deadline until when an unreachable server causes a retry instead of an error */
async function withoutOthers(deadline: number, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    // Under the lock a taken key stays taken: the stored head is behind the events. Retrying cannot help.
    if (isRace(error) && !isTaken(error)) return "refuted";
    if (isOfConnection(error) && Date.now() <= deadline) return "in doubt";
    throw error;
  }
}
