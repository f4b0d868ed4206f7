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

/** Verdicts; or nothing was stored, since what it was decided on does not hold; or nobody has heard. */
type Outcome = AppendVerdict[] | "refuted" | "in doubt";

/**
 * Group commits of any number of hosts. A commit is decided on what its callers say of their streams, or on what one
 * statement reads, and written by another, which stores nothing where that does not hold: then it is decided again, at
 * last with the others kept out meanwhile.
 */
export class Appender {
  readonly #location: string;
  readonly #connections: Connections;
  readonly #schema: string;
  readonly #snapshots: CommitSnapshots;
  readonly #storing: string;
  readonly #channel: string | null;
  #cached: CachedState | null = null;

  /** @param channel where other hosts are told of a commit */
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
    // Where the server is not there these fail, and nothing was sent that has to be settled.
    let outcome = await this.#asAssumed(requests);
    if (outcome === "refuted") outcome = await this.#inPassing(requests);
    if (Array.isArray(outcome)) return outcome;
    const verdicts = await this.#retrying(asKnown(requests), outcome, deadline);
    // What nobody else could send was stored by this call, its answer lost.
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

  /** In one statement. */
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

/** An event that was made for this call may have been stored all the same, where the answer was lost. */
function asKnown(requests: readonly AppendRequest[]): AppendRequest[] {
  const copies = new Map<AppendRequest, AppendRequest>();
  for (const request of requests) {
    const events = request.events.map((event) => ({ ...event, idWasGenerated: false }));
    const dependsOn = request.dependsOn && (copies.get(request.dependsOn) ?? request.dependsOn);
    copies.set(request, { ...request, events, ...(dependsOn && { dependsOn }) });
  }
  return requests.map((request) => copies.get(request)!);
}

/** What was stored was stored with what it follows: by a commit that has been, and not by the one that tells of it. */
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

/** @param deadline until when a server that cannot be reached is no error */
async function withoutOthers(deadline: number, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    // What is taken now stays so: the head is behind its events.
    if (isRace(error) && !isTaken(error)) return "refuted";
    if (isOfConnection(error) && Date.now() <= deadline) return "in doubt";
    throw error;
  }
}
