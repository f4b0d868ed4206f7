import type { AppendRequest } from "../../core/append-request.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";

export interface Appended {
  events: RecordedEvent[];
  repeated: boolean;
}

interface Waiting {
  request: AppendRequest;
  resolve: (appended: Appended) => void;
  reject: (error: unknown) => void;
}

/** Events per commit: it bounds how long one commit may hold the event loop. */
const maxEventsPerCommit = 1000;

/**
 * Appends that arrive while a commit runs, or in one turn of the event loop, go to the disk together: 64 callers pay
 * for one wait. Nobody is answered before the commit that holds his events.
 */
export class GroupCommit {
  readonly #log: EventLog;
  readonly #onCommit: (position: number) => void;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(log: EventLog, onCommit: (position: number) => void) {
    this.#log = log;
    this.#onCommit = onCommit;
  }

  async append(request: AppendRequest): Promise<Appended> {
    if (this.#closed) throw new StoreUnavailableError("event store", "it is stopping; nothing was stored");
    return new Promise<Appended>((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Lets what was accepted be committed, and accepts nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // One turn of the loop, in which callers that were answered together append again together.
      await new Promise((turn) => setImmediate(turn));
      await this.#commit(this.#take());
    }
    this.#running = null;
  }

  #take(): Waiting[] {
    let events = 0;
    const end = this.#waiting.findIndex(({ request }) => (events += request.events.length) > maxEventsPerCommit);
    const count = end < 0 ? this.#waiting.length : Math.max(end, 1);
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return taken;
  }

  async #commit(batch: Waiting[]): Promise<void> {
    let position = 0;
    try {
      const verdicts = await this.#log.append(batch.map(({ request }) => request));
      batch.forEach(({ resolve, reject }, index) => {
        const verdict = verdicts[index]!;
        if ("error" in verdict) return reject(verdict.error);
        if (!verdict.repeated) position = verdict.events.at(-1)!.position;
        resolve(verdict);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    if (position > 0) this.#onCommit(position);
  }
}
