import type { Socket } from "node:net";
import type { ClientBase } from "pg";
import { times } from "../../core/concurrency/times.ts";

/** What the driver does not declare: the number that the server has given the session, and what its bytes come over. */
interface Wire {
  processID: number | null;
  connection?: { stream?: Pick<Socket, "bytesRead" | "destroy"> };
}

const wireOf = (client: ClientBase): Wire => client as unknown as Wire;
/** 0, which no session has, where the server has told none. */
export const sessionOf = (client: ClientBase): number => wireOf(client).processID ?? 0;
const bytesOf = (client: ClientBase): number | undefined => wireOf(client).connection?.stream?.bytesRead;

/** Ends a connection without a goodbye, which a dead one would never deliver. What runs on it fails. */
export const cut = (client: ClientBase): void => void wireOf(client).connection?.stream?.destroy();

interface Unanswered {
  since: number;
  lookAt: number;
  /** What had arrived when the server was found to do nothing for the statement; null before that. */
  bytesWhenLost: number | undefined | null;
}

interface Dependencies {
  /** Of these sessions those that the server works for, asked over a new connection; null where a proxy hides them. */
  askWorking: (sessions: readonly number[]) => Promise<ReadonlySet<number> | null>;
  /** Some connections were found dead. */
  onDead: () => void;
}

/**
 * Statements without an answer. Either the server works on one, which may take long, or the connection has died without
 * a word, and nothing on it tells which: so the server is asked over another one. A session that it does nothing for,
 * and from which nothing arrives, is cut; what became of its statement is found out as after any broken connection.
 */
export class Silence {
  readonly #d: Dependencies;
  readonly #unanswered = new Map<ClientBase, Unanswered>();
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  async during<Answer>(client: ClientBase, statement: () => Promise<Answer>): Promise<Answer> {
    const since = performance.now();
    this.#unanswered.set(client, { since, lookAt: since + times.postgres.silentMs, bytesWhenLost: null });
    this.#timer ??= setInterval(() => void this.#look(), times.postgres.checkMs).unref();
    try {
      return await statement();
    } finally {
      this.#unanswered.delete(client);
    }
  }

  async #look(): Promise<void> {
    if (this.#unanswered.size === 0) return this.#rest();
    this.#cutLost();
    const now = performance.now();
    const due = [...this.#unanswered].filter(([, { lookAt }]) => lookAt <= now);
    if (due.length === 0 || this.#isAsking) return;
    this.#isAsking = true;
    try {
      const working = await this.#d.askWorking(due.map(([client]) => sessionOf(client)));
      for (const [client, statement] of due)
        if (working?.has(sessionOf(client)) === false) statement.bytesWhenLost = bytesOf(client);
        // The longer it has run, the longer it may.
        else statement.lookAt = working ? 2 * now - statement.since : Infinity;
    } catch {
      // The server cannot be reached at all, or takes no further connection: nothing is known, and it is asked again.
    } finally {
      this.#isAsking = false;
    }
  }

  /** A last answer that was on its way has arrived by now, or the next part of it. */
  #cutLost(): void {
    const lost = [...this.#unanswered].filter(([, { bytesWhenLost }]) => bytesWhenLost !== null);
    const dead = lost.filter(([client, { bytesWhenLost }]) => bytesOf(client) === bytesWhenLost);
    for (const [, statement] of lost) statement.bytesWhenLost = null;
    for (const [client] of dead) cut(client);
    if (dead.length > 0) this.#d.onDead();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
