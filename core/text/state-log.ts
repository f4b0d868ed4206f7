/** Writes one line to the operator's log at level debug. */
export type Debug = (message: string, details: object) => void;

/** What a consumer writes to the operator's log. */
export interface OperatorLog {
  warn: (message: string, details: object) => void;
  debug: Debug;
}

export const silent: Debug = () => {};

/** Logs each change of a state as `<name>: <from> -> <to>`. The details are built only for a line. */
export class StateLog {
  readonly #name: string;
  readonly #debug: Debug;
  #state: string;
  #key: string;

  constructor(name: string, state: string, debug: Debug) {
    this.#name = name;
    this.#state = this.#key = state;
    this.#debug = debug;
  }

  get state(): string {
    return this.#state;
  }

  /** @param cause why it is in this state; the same state with another cause is a change, too */
  change(to: string, details: () => object, cause: string | null = null): void {
    const key = cause === null ? to : `${to} ${cause}`;
    if (key === this.#key) return;
    const from = this.#state;
    this.#state = to;
    this.#key = key;
    this.#debug(`${this.#name}: ${from} -> ${to}`, { ...details(), ...(cause !== null && { cause }) });
  }
}
