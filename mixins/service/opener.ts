import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { isRetryable } from "../../core/errors/outage.ts";
import { times } from "../../core/concurrency/times.ts";

export type LogMessage = (level: "info" | "warn" | "error", message: string) => void;

interface Dependencies {
  /** The name of the store or table, for messages. */
  name: string;
  /** One attempt, which reports its progress if it takes long. Leaves nothing open if it fails. */
  open: (onProgress: (progress: string) => void) => Promise<void>;
  logMessage: LogMessage;
}

/**
 * Opens a store or table whose engine may be unavailable. A start retries after an outage with growing delays, and logs
 * each failure. The start waits as long as an attempt makes progress, so that no other node calls a service that cannot
 * respond yet. Without progress for `times.opening.retryTimeoutMs`, the start completes without the store, and the attempts
 * continue in the background until one succeeds. An error that is not an outage fails the start.
 */
export class Opener {
  readonly #d: Dependencies;
  #failure: Error | null = null;
  /** True while `start` is pending: each failed attempt is logged, and an error that is not an outage is thrown. */
  #isAwaited = false;
  #isStopping = false;
  #progress: string | null = null;
  #loggedAt = 0;
  /** Called at each progress report of an attempt. */
  #onStep = () => {};
  #wake = () => {};
  #retrying: Promise<void> = Promise.resolve();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Why it is not open; null if it is open or no attempt was made. */
  get cause(): string | null {
    return this.#failure && (this.#progress ?? this.#failure.message);
  }

  /** @throws StoreUnavailableError with the cause while it is not open */
  assertOpen(): void {
    if (this.#failure) throw new StoreUnavailableError(this.#d.name, `is not open yet: ${this.cause}`, this.#failure);
  }

  /** Resolves when it is open, or after `retryTimeoutMs` without progress. @throws an error that is not an outage, at once */
  async start(): Promise<void> {
    this.#failure = null;
    this.#isStopping = false;
    this.#isAwaited = true;
    const tries = this.#retry();
    this.#retrying = tries.catch(() => {});
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(() => over.resolve(this.#completeWithout()), times.opening.retryTimeoutMs);
    this.#onStep = () => void timer.refresh();
    try {
      await Promise.race([tries, over.promise]);
    } finally {
      this.#onStep = () => {};
      clearTimeout(timer);
    }
  }

  /** @throws StoreUnavailableError if the node stops, which aborts the attempt */
  #onProgress(progress: string): void {
    const { name, logMessage } = this.#d;
    if (this.#isStopping) throw new StoreUnavailableError(name, "is stopping");
    this.#onStep();
    this.#progress = progress;
    if (performance.now() - this.#loggedAt < times.opening.reportEveryMs) return;
    this.#loggedAt = performance.now();
    logMessage("info", `${name} is not open yet: ${progress}`);
  }

  /** Resolves when no attempt is running. Closes nothing. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake();
    await this.#retrying;
  }

  async #retry(): Promise<void> {
    for (
      let tries = 1, waitMs = times.opening.firstMs;
      !this.#isStopping;
      tries++, waitMs = Math.min(waitMs * 2, times.opening.longestMs)
    ) {
      try {
        this.#progress = null;
        this.#loggedAt = performance.now();
        await this.#d.open((progress) => this.#onProgress(progress));
        if (this.#failure) this.#d.logMessage("info", `${this.#d.name} is open after ${tries} attempts`);
        this.#failure = null;
        return;
      } catch (error) {
        if (this.#isAwaited && !isRetryable(error)) throw error;
        this.#onFailure(error as Error, tries, waitMs);
      }
      await this.#wait(waitMs);
    }
  }

  #onFailure(error: Error, tries: number, waitMs: number): void {
    const { name, logMessage } = this.#d;
    const isNews = this.cause !== error.message;
    this.#failure = error;
    this.#progress = null;
    if (this.#isStopping) return;
    if (this.#isAwaited)
      logMessage(
        "warn",
        `${name} cannot be opened: ${error.message}; attempt ${tries} failed, the next is in ${waitMs} ms`,
      );
    else if (isNews) logMessage(isRetryable(error) ? "warn" : "error", `${name} is still not open: ${error.message}`);
  }

  #completeWithout(): void {
    const { name, logMessage } = this.#d;
    this.#isAwaited = false;
    this.#failure ??= new StoreUnavailableError(name, `has had no response for ${times.opening.retryTimeoutMs} ms`);
    logMessage(
      "error",
      `${name} is not open: ${this.#failure.message}. The node starts without it: its calls are rejected with STORE_UNAVAILABLE until a later attempt opens it`,
    );
  }

  async #wait(ms: number): Promise<void> {
    if (this.#isStopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    // Not unref'd: a node without its store may have nothing else that keeps the process alive.
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}
