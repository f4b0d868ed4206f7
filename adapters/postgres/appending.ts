import { setTimeout as wait } from "node:timers/promises";
import type { AppendRequest } from "../../core/append-request.ts";
import type { AppendVerdict } from "../../core/event-log.ts";
import { BasisOfAppends } from "./basis.ts";
import { Commit, writeInSql } from "./commit.ts";
import { betweenTriesMs, insistsForMs, type Connections, type Session } from "./connections.ts";
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

  /** @param channel where other hosts are told of a commit */
  constructor(connections: Connections, schema: string, channel: string | null) {
    this.#connections = connections;
    this.#schema = schema;
    this.#basis = new BasisOfAppends(schema);
    this.#write = writeInSql(schema, nowInSql, channel);
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    if (requests.length === 0) return [];
    const deadline = Date.now() + insistsForMs;
    // Where the server is not there this fails, and nothing was sent that has to be settled.
    const commit = new Commit(await this.#basis.read(this.#connections, requests), requests);
    let verdicts = await again(() => this.#inPassing(commit), deadline);
    if (verdicts) return verdicts;
    for (const known = requests.map(asKnown); !verdicts;) verdicts = await again(() => this.#alone(known), deadline);
    // What nobody else could send was stored by this call, its answer lost.
    return verdicts.map((verdict, index) =>
      "repeated" in verdict && requests[index]!.events.every(({ fresh }) => fresh)
        ? { ...verdict, repeated: false }
        : verdict,
    );
  }

  #inPassing(commit: Commit): Promise<AppendVerdict[] | null> {
    if (!commit.claimsHaveChanged) return this.#store(this.#connections, commit);
    return this.#connections.transaction((session) => this.#store(session, commit));
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

/** Null where it is to be decided again: another host was first, or the connection failed and perhaps all was stored. */
async function again<Result>(work: () => Promise<Result>, deadline: number): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    if (isRace(error)) return null;
    if (!isOfConnection(error) || Date.now() > deadline) throw error;
    await wait(betweenTriesMs);
    return null;
  }
}
