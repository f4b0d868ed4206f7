import { StateLog, type Debug } from "../../core/text/state-log.ts";
import type { Work } from "./work.ts";
import { causeOf, stateName, type WorkerState } from "./worker-state.ts";

type LoggedWork = Pick<Work, "state" | "lease">;

/** Logs the state of a consumer, with the state names of its `status`. `off`: its loop does not run on this node. */
export class ConsumerStateLog {
  readonly #work: LoggedWork;
  readonly #log: StateLog;

  constructor({ name, work, debug }: { name: string; work: LoggedWork; debug: Debug }) {
    this.#work = work;
    this.#log = new StateLog(name, "off", debug);
  }

  /** Under load a live consumer lags between two pages, so `folding` is logged only after a state other than `live`. */
  note(state: WorkerState): void {
    const {
      state: { blockedBy, progress },
      lease,
    } = this.#work;
    const name = stateName(state, blockedBy, null);
    if (name === "folding" && this.#log.state === "live") return;
    const cause = name === "waiting" || name === "stopped" ? causeOf(state, blockedBy, null) : null;
    const details = () => ({ position: progress.position, ...(name === "standby" && { cause: lease?.cause }) });
    this.#log.change(name, details, cause);
  }

  end(): void {
    this.#log.change("off", () => ({ position: this.#work.state.progress.position }));
  }
}
