import { Errors } from "moleculer";

/** The text of a control state is no JSON any more: its medium has changed it. 409; `data` is `{key, revision}`. */
export class DamagedStateError extends Errors.MoleculerClientError {
  override name = "DamagedStateError";
  /** With it the state can be replaced. */
  readonly revision: number;

  constructor(key: string, revision: number) {
    super(`state ${key}: found a damaged text, expected JSON. Restore the log from a backup`, 409, "DAMAGED_STATE", {
      key,
      revision,
    });
    this.revision = revision;
  }
}

/** The value of a control state. @throws DamagedStateError */
export function parseState(key: string, text: string, revision: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new DamagedStateError(key, revision);
  }
}
