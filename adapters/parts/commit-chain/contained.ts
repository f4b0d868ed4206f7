import type Database from "better-sqlite3";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { show } from "../../../core/errors/problem.ts";
import type { LogFile } from "../../sqlite/log-file.ts";
import type { BuildProgress } from "./build-progress.ts";
import type { CommitChain } from "./commit-chain.ts";
import type { IndexFile } from "./index-file.ts";
import { Commits, type Change } from "./record.ts";

const recordsPerPage = 500;

/**
 * Called if the chain is not the one that the index was made of: the server was restored to an earlier state, or from
 * another host's index, or it is another log. The index may be discarded only if the chain has all its events and
 * links.
 * @throws UnusableStoreError if the chain lacks any of them
 */
export async function assertContained(
  chain: CommitChain,
  index: IndexFile,
  identity: string,
  progress: BuildProgress,
): Promise<void> {
  const { log, path } = index;
  if (index.identity !== identity)
    throw commitsLost(
      chain.location,
      `found log ${identity}, expected ${index.identity} with ${log.head} events`,
      path,
    );
  const found = new FoundInChain(log);
  const commits = new Commits(chain.location);
  for (let number = 0, isEnd = false; !isEnd;) {
    const { records, end } = await chain.read(number, recordsPerPage);
    for (const [index, record] of records.entries()) found.add(commits.next(number + index + 1, record)?.change);
    [number, isEnd] = [number + records.length, end];
    await progress.record(number, end);
  }
  const missing = found.missing();
  if (missing !== null) throw commitsLost(chain.location, missing, path);
}

/** Compares the commits of a chain with the events and links of an index. */
class FoundInChain {
  readonly #log: LogFile;
  readonly #link: Database.Statement<[string, string]>;
  #events = 0;
  /** The id of the chain's event at the last position of the index. */
  #idAtHead = "";

  constructor(log: LogFile) {
    this.#log = log;
    // There may be as many links as events, so they go to a table, which is dropped with the connection.
    log.db.exec(
      "CREATE TEMP TABLE found_links (stream TEXT, position INTEGER, PRIMARY KEY (stream, position)) WITHOUT ROWID",
    );
    this.#link = log.db.prepare("INSERT OR IGNORE INTO found_links SELECT ?, position FROM events WHERE id = ?");
  }

  add(change: Change | undefined): void {
    if (!change) return;
    if ("appends" in change)
      for (const { events } of change.appends)
        for (const { id } of events) if (++this.#events === this.#log.head) this.#idAtHead = id;
    if ("link" in change) for (const id of change.link.ids) this.#link.run(change.link.stream, id);
  }

  /** Describes an event or link that the chain lacks; null if it has all. */
  missing(): string | null {
    const { head, db } = this.#log;
    if (this.#events < head) return `found ${this.#events} events, expected ${head}`;
    const id = db.prepare<[number], string>("SELECT id FROM events WHERE position = ?").pluck().get(head);
    if (id !== this.#idAtHead) return `event ${head}: found ${this.#idAtHead}, expected ${id}`;
    const link = db
      .prepare<[], { stream: string; version: number }>(
        "SELECT stream, version FROM links l WHERE NOT EXISTS (SELECT 1 FROM found_links f WHERE f.stream = l.stream AND f.position = l.position) LIMIT 1",
      )
      .get();
    return link ? `found no link ${link.version} of stream ${show(link.stream)}` : null;
  }
}

export const commitsLost = (location: string, what: string, path: string): UnusableStoreError =>
  new UnusableStoreError(
    location,
    `${what}: the server has lost acknowledged commits, or was restored to an earlier state. Stop every host, and restore a backup, or the missing part from a host's index (here ${path}): npx moleculer-event-sourcing restore <index> <to> --name <store>; or, to continue with the present state, open it with the option begin: "anew" (?begin=anew)`,
  );
