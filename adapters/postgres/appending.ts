import type { AppendRequest } from "../../core/append-request.ts";
import type { AppendVerdict } from "../../core/event-log.ts";
import { BasisOfAppends } from "./basis.ts";
import { Commit, writeInSql } from "./commit.ts";
import type { Connections, Session } from "./connections.ts";
import { nowInSql } from "./event-schema.ts";
import { isRace } from "./translate.ts";

/** So often a commit is decided and written in two statements; then it keeps the others out while it decides. */
const triesInPassing = 5;

/**
 * Group commits of any number of hosts. A commit is decided on what one statement reads and written by another, which
 * stores nothing where that no longer holds: then it is decided again.
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
    for (let tries = 0; tries < triesInPassing; tries++) {
      const verdicts = await unlessOutdated(() => this.#inPassing(requests));
      if (verdicts) return verdicts;
    }
    for (;;) {
      const verdicts = await unlessOutdated(() => this.#alone(requests));
      if (verdicts) return verdicts;
    }
  }

  async #inPassing(requests: readonly AppendRequest[]): Promise<AppendVerdict[] | null> {
    const commit = new Commit(await this.#basis.read(this.#connections, requests), requests);
    if (commit.claimsHaveChanged) return this.#connections.transaction((session) => this.#store(session, commit));
    return this.#store(this.#connections, commit);
  }

  #alone(requests: readonly AppendRequest[]): Promise<AppendVerdict[] | null> {
    return this.#connections.transaction(async (session) => {
      await session.query(`SELECT FROM ${this.#schema}.head FOR UPDATE`);
      return this.#store(session, new Commit(await this.#basis.read(session, requests), requests));
    });
  }

  /** Null where the basis no longer holds. */
  async #store(session: Session, commit: Commit): Promise<AppendVerdict[] | null> {
    if (commit.count === 0) return commit.verdicts;
    const { rows } = await session.query(this.#write, commit.values());
    if (rows.length === 0) return null;
    const [before, time] = rows[0] as [number, string];
    commit.wasStored(before, time);
    if (commit.claimsHaveChanged) await commit.saveClaims(session, this.#schema);
    return commit.verdicts;
  }
}

/** Null where another host was first. */
async function unlessOutdated<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    if (isRace(error)) return null;
    throw error;
  }
}
