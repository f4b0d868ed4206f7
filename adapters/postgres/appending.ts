import type { AppendRequest } from "../../core/append-request.ts";
import type { AppendVerdict } from "../../core/event-log.ts";
import { BasisOfAppends } from "./basis.ts";
import { Commit, writeInSql } from "./commit.ts";
import type { Connections, Session } from "./connections.ts";
import { lockHead, nowInSql } from "./event-schema.ts";
import { isOfConnection, isRace } from "./translate.ts";

/**
 * Group commits of any number of hosts. A commit is decided on what one statement reads and written by another, which
 * stores nothing where that no longer holds: then it is decided again, with the others kept out meanwhile.
 */
export class Appending {
  readonly #connections: Connections;
  readonly #schema: string;
  readonly #basis: BasisOfAppends;
  readonly #write: string;

  constructor(connections: Connections, schema: string) {
    this.#connections = connections;
    this.#schema = schema;
    this.#basis = new BasisOfAppends(schema);
    this.#write = writeInSql(schema, nowInSql);
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    if (requests.length === 0) return [];
    const first = await unlessOutdated(() => this.#inPassing(requests));
    if (first) return first;
    for (const again = requests.map(asKnown); ;) {
      const verdicts = await unlessOutdated(() => this.#alone(again));
      if (verdicts) return verdicts;
    }
  }

  async #inPassing(requests: readonly AppendRequest[]): Promise<AppendVerdict[] | null> {
    const commit = new Commit(await this.#basis.read(this.#connections, requests), requests);
    try {
      if (commit.claimsHaveChanged)
        return await this.#connections.transaction((session) => this.#store(session, commit));
      return await this.#store(this.#connections, commit);
    } catch (error) {
      if (isOfConnection(error) && commit.count > 0) return this.#settle(commit);
      throw error;
    }
  }

  /** The answer was lost: either all of it is there, or it is decided again, and no id is stored twice. */
  async #settle(commit: Commit): Promise<AppendVerdict[] | null> {
    const { rows } = await this.#connections.insist(
      `SELECT count(*), min(position) - 1, max(time) FROM ${this.#schema}.events WHERE id = ANY($1)`,
      [commit.ids],
    );
    const [count, before, time] = rows[0] as [number, number, string];
    if (count < commit.count) return null;
    commit.wasStored(before, time);
    return commit.verdicts;
  }

  #alone(requests: readonly AppendRequest[]): Promise<AppendVerdict[] | null> {
    return this.#connections.transaction(
      async (session) => this.#store(session, new Commit(await this.#basis.read(session, requests), requests)),
      lockHead(this.#schema),
    );
  }

  /** Null where the basis no longer holds. */
  async #store(session: Session, commit: Commit): Promise<AppendVerdict[] | null> {
    if (commit.count === 0) return commit.verdicts;
    const { rows } = await session.query(this.#write, commit.values());
    if (rows.length === 0) return null;
    const [before, time] = rows[0] as [before: number, time: string];
    commit.wasStored(before, time);
    if (commit.claimsHaveChanged) await commit.saveClaims(session, this.#schema);
    return commit.verdicts;
  }
}

/** An event that was made for this call may have been stored all the same, where the answer was lost. */
const asKnown = (request: AppendRequest): AppendRequest => ({
  ...request,
  events: request.events.map((event) => ({ ...event, fresh: false })),
});

/** Null where another host was first. */
async function unlessOutdated<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    if (isRace(error)) return null;
    throw error;
  }
}
