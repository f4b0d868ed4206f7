import { Errors } from "moleculer";

/** A stored control state cannot be parsed: its storage medium has changed it. 500; `data` is `{key, revision}`. */
export class DamagedStateError extends Errors.MoleculerError {
  override name = "DamagedStateError";
  /** The revision with which the state can be replaced. */
  readonly revision: number;

  constructor(key: string, revision: number) {
    super(`state ${key}: found a damaged text, expected JSON. Restore the log from a backup`, 500, "DAMAGED_STATE", {
      key,
      revision,
    });
    this.revision = revision;
  }
}

/** Parses the text of a control state. @throws DamagedStateError */
export function parseState(key: string, text: string, revision: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new DamagedStateError(key, revision);
  }
}
