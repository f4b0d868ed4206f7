import { JobRunningError, StoreUnavailableError } from "../../../core/errors/errors.ts";

/** The progress of a job. `done` and `total` are bytes of a file (backup, import) or positions (export, verify). */
export interface JobProgress {
  job: string;
  done: number;
  total: number;
  /** The average of `done` per second. */
  rate: number;
  /** Null while the rate is 0. */
  secondsLeft: number | null;
}

export interface Job {
  progress(done: number, total: number): void;
  /** @throws StoreUnavailableError if the store is stopping */
  check(): void;
}

const notifyEveryMs = 250;

/** The long-running jobs of a store: one of each name at a time. */
export class Jobs {
  readonly #notify: (progress: JobProgress) => void;
  readonly #running = new Map<string, { progress: JobProgress; end: Promise<unknown> }>();
  #isStopping = false;

  constructor(notify: (progress: JobProgress) => void) {
    this.#notify = notify;
  }

  get running(): JobProgress[] {
    return [...this.#running.values()].map(({ progress }) => ({ ...progress }));
  }

  /** Runs a job. Reports progress at most four times a second, and once at its end. @throws JobRunningError */
  async run<Answer>(name: string, work: (job: Job) => Promise<Answer>): Promise<Answer> {
    this.#check();
    if (this.#running.has(name)) throw new JobRunningError(name);
    const progress: JobProgress = { job: name, done: 0, total: 0, rate: 0, secondsLeft: null };
    const since = performance.now();
    let notifiedAt = since;
    const measure = (done: number, total: number) => {
      const rate = Math.round((done * 1000) / Math.max(performance.now() - since, 1));
      const secondsLeft = rate > 0 ? Math.ceil(Math.max(total - done, 0) / rate) : null;
      Object.assign(progress, { done, total, rate, secondsLeft });
    };
    const job: Job = {
      check: () => this.#check(),
      progress: (done, total) => {
        measure(done, total);
        if (performance.now() - notifiedAt < notifyEveryMs) return;
        notifiedAt = performance.now();
        this.#notify({ ...progress });
      },
    };
    const end = work(job);
    this.#running.set(name, { progress, end: end.catch(() => {}) });
    try {
      const answer = await end;
      measure(progress.total, progress.total);
      this.#notify({ ...progress });
      return answer;
    } finally {
      this.#running.delete(name);
    }
  }

  #check(): void {
    if (this.#isStopping) throw new StoreUnavailableError("event store", "it is stopping");
  }

  start(): void {
    this.#isStopping = false;
  }

  /** Aborts the running jobs at their next step. */
  abort(): void {
    this.#isStopping = true;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ end }) => end));
  }
}
