import { Errors } from "moleculer";

/** Only between nodes: the host must catch up, too, so the node that has passed the call to it asks the next one. */
export class HostBehindError extends Errors.MoleculerRetryableError {
  override name = "HostBehindError";

  constructor(action: string, node: string) {
    super(`${action}: node "${node}" has to catch up with the log`, 503, "HOST_BEHIND", { action, node });
  }
}
