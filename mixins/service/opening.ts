import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { isRetryable } from "../../core/errors/outage.ts";
import { times } from "../../core/concurrency/times.ts";

export type Tell = (level: "info" | "warn" | "error", message: string) => void;

interface Dependencies {
  /** Of the store or table, for messages. */
  name: string;
  /** One try, which says how far it is where it takes long. Leaves nothing open where it fails. */
  open: (onProgress: (progress: string) => void) => Promise<void>;
  tell: Tell;
}

/**
 * Opens what its engine may not answer for yet. A start tries again after an outage, with growing waits, and says so each
 * time. Its patience is for silence: while a try makes progress, the start waits, so that no other node calls a service
 * that cannot answer yet. When the patience is over, the start goes on without, and the tries go on beside the node's
 * other work until one succeeds. Anything but an outage ends the start.
 */
export class Opening {
  readonly #d: Dependencies;
  #failure: Error | null = null;
  /** Somebody waits for the start: he hears of each try, and what is no outage is thrown at him. */
  #isAwaited = false;
  #isStopping = false;
  #progress: string | null = null;
  #toldAt = 0;
  /** Is called with each step of a try. */
  #onStep = () => {};
  #wake = () => {};
  #tries: Promise<void> = Promise.resolve();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Why it is not open; null where it is, or was never tried. */
  get cause(): string | null {
    return this.#failure && (this.#progress ?? this.#failure.message);
  }

  /** @throws StoreUnavailableError, with the cause, while it is not open */
  refuse(): void {
    if (this.#failure) throw new StoreUnavailableError(this.#d.name, `is not open yet: ${this.cause}`, this.#failure);
  }

  /** Answers when it is open, or is not going to be soon. @throws what is no outage, at once */
  async start(): Promise<void> {
    this.#failure = null;
    this.#isStopping = false;
    this.#isAwaited = true;
    const tries = this.#tryOn();
    this.#tries = tries.catch(() => {});
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(() => over.resolve(this.#goOnWithout()), times.opening.retryTimeoutMs);
    this.#onStep = () => void timer.refresh();
    try {
      await Promise.race([tries, over.promise]);
    } finally {
      this.#onStep = () => {};
      clearTimeout(timer);
    }
  }

  /** @throws StoreUnavailableError where the node stops: the try is given up */
  #notes(progress: string): void {
    const { name, tell } = this.#d;
    if (this.#isStopping) throw new StoreUnavailableError(name, "is stopping");
    this.#onStep();
    this.#progress = progress;
    if (performance.now() - this.#toldAt < times.opening.reportEveryMs) return;
    this.#toldAt = performance.now();
    tell("info", `${name} is not open yet: ${progress}`);
  }

  /** Answers when nothing is being opened any more; what is open then stays so. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake();
    await this.#tries;
  }

  async #tryOn(): Promise<void> {
    for (
      let tries = 1, waitMs = times.opening.firstMs;
      !this.#isStopping;
      tries++, waitMs = Math.min(waitMs * 2, times.opening.longestMs)
    ) {
      try {
        this.#progress = null;
        this.#toldAt = performance.now();
        await this.#d.open((progress) => this.#notes(progress));
        if (this.#failure) this.#d.tell("info", `${this.#d.name} is open now, at try ${tries}`);
        this.#failure = null;
        return;
      } catch (error) {
        if (this.#isAwaited && !isRetryable(error)) throw error;
        this.#note(error as Error, tries, waitMs);
      }
      await this.#wait(waitMs);
    }
  }

  #note(error: Error, tries: number, waitMs: number): void {
    const { name, tell } = this.#d;
    const isNews = this.cause !== error.message;
    this.#failure = error;
    this.#progress = null;
    if (this.#isStopping) return;
    if (this.#isAwaited)
      tell("warn", `${name} cannot be opened: ${error.message}; try ${tries} failed, the next is in ${waitMs} ms`);
    else if (isNews) tell(isRetryable(error) ? "warn" : "error", `${name} is still not open: ${error.message}`);
  }

  #goOnWithout(): void {
    const { name, tell } = this.#d;
    this.#isAwaited = false;
    this.#failure ??= new StoreUnavailableError(name, `has had no answer for ${times.opening.retryTimeoutMs} ms`);
    tell(
      "error",
      `${name} is not open: ${this.#failure.message}. The node goes on without it: its calls are refused with STORE_UNAVAILABLE until it opens, which is tried again and again`,
    );
  }

  async #wait(ms: number): Promise<void> {
    if (this.#isStopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    // It keeps the process: a node that goes on without its store may have nothing else that does.
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}
