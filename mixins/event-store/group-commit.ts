import type { Ahead } from "../../core/decider/ahead.ts";
import type { AppendRequest } from "../../core/append-request.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { SentAhead } from "./sent-ahead.ts";

export interface Appended {
  events: RecordedEvent[];
  repeated: boolean;
}

interface Waiting {
  request: AppendRequest;
  ahead: Ahead | undefined;
  /** Whether it stores what the sender of `ahead` takes it to store. */
  isAsSent: boolean;
  resolve: (appended: Appended) => void;
  reject: (error: unknown) => void;
}

/** They bound how long one commit may hold the event loop, and everybody in it wait. */
const maxPerCommit = { events: 1000, characters: 4 * 1024 * 1024 };

/**
 * Appends that arrive while a commit runs, or in one turn of the event loop, go to the disk together: 64 callers pay
 * for one wait. Nobody is answered before the commit that holds his events.
 */
export class GroupCommit {
  readonly #log: EventLog;
  readonly #onCommit: (position: number) => void;
  readonly #sentAhead = new SentAhead();
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(log: EventLog, onCommit: (position: number) => void) {
    this.#log = log;
    this.#onCommit = onCommit;
  }

  async append(request: AppendRequest, ahead?: Ahead, isAsSent = false): Promise<Appended> {
    if (this.#closed) throw new StoreUnavailableError("event store", "it is stopping; nothing was stored");
    return new Promise<Appended>((resolve, reject) => {
      this.#waiting.push({ request, ahead, isAsSent, resolve, reject });
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
      await this.#commit(this.#take().filter((waiting) => this.#isAdmitted(waiting)));
    }
    this.#running = null;
  }

  #take(): Waiting[] {
    let events = 0;
    let characters = 0;
    const end = this.#waiting.findIndex(({ request }) => {
      events += request.events.length;
      for (const { payloadText, metaText } of request.events) characters += payloadText.length + metaText.length;
      return events > maxPerCommit.events || characters > maxPerCommit.characters;
    });
    const count = end < 0 ? this.#waiting.length : Math.max(end, 1);
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return taken;
  }

  #isAdmitted({ request, ahead, isAsSent, reject }: Waiting): boolean {
    try {
      if (ahead) this.#sentAhead.admit(request, ahead, isAsSent);
      return true;
    } catch (error) {
      reject(error);
      return false;
    }
  }

  async #commit(batch: Waiting[]): Promise<void> {
    let position = 0;
    if (batch.length === 0) return;
    try {
      const verdicts = await this.#log.append(batch.map(({ request }) => request));
      batch.forEach(({ ahead, resolve, reject }, index) => {
        const verdict = verdicts[index]!;
        const isStored = "events" in verdict && !verdict.repeated;
        if (ahead) this.#sentAhead.decided(ahead, isStored);
        if ("error" in verdict) return reject(verdict.error);
        if (isStored) position = verdict.events.at(-1)!.position;
        resolve(verdict);
      });
    } catch (error) {
      for (const { ahead, reject } of batch) {
        if (ahead) this.#sentAhead.decided(ahead, false);
        reject(error);
      }
    }
    if (position > 0) this.#onCommit(position);
  }
}
