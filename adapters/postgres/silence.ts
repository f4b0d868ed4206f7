import type { Socket } from "node:net";
import type { ClientBase } from "pg";
import { times } from "../../core/concurrency/times.ts";

/** Properties that the driver does not declare: the session's process id, and the socket. */
interface Wire {
  processID: number | null;
  connection?: { stream?: Pick<Socket, "bytesRead" | "destroy"> };
}

const wireOf = (client: ClientBase): Wire => client as unknown as Wire;
/** The session's process id, or 0, which no session has, if the server has sent none. */
export const sessionOf = (client: ClientBase): number => wireOf(client).processID ?? 0;
const bytesOf = (client: ClientBase): number | undefined => wireOf(client).connection?.stream?.bytesRead;

/**
 * Destroys a connection's socket. A protocol message would never arrive on a dead connection. Running statements fail.
 */
export const cut = (client: ClientBase): void => void wireOf(client).connection?.stream?.destroy();

interface Unanswered {
  since: number;
  lookAt: number;
  /** The bytes received when the server was not working on the statement, or null before that. */
  bytesWhenLost: number | undefined | null;
}

interface Dependencies {
  /**
   * Returns the sessions that the server is working for, asked over a new connection, or null if a proxy hides them.
   */
  askWorking: (sessions: readonly number[]) => Promise<ReadonlySet<number> | null>;
  /** Called after dead connections were found. */
  onDead: () => void;
}

/**
 * Finds dead connections among the statements without a response. A working server and a silently dead connection look
 * the same, so the server is asked over another connection. If it is not working for a session, and no more bytes
 * arrive from that session, the connection is cut. The outcome of its statement is then unknown, as after any broken
 * connection.
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
        // The next check comes after twice the current duration of the statement.
        else statement.lookAt = working ? 2 * now - statement.since : Infinity;
    } catch {
      // The server is unreachable or accepts no further connection: nothing is known, so ask again later.
    } finally {
      this.#isAsking = false;
    }
  }

  /**
   * Cuts connections that have received nothing since the last check. A response on its way would have arrived by now,
   * at least in part.
   */
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
