import { Errors } from "moleculer";

/**
 * Only between nodes: the host must catch up, too, so the node that has passed the call to it asks the next one. Neither a
 * retry nor a circuit breaker shall take it for a fault.
 */
export class HostBehindError extends Errors.MoleculerClientError {
  override name = "HostBehindError";

  constructor(action: string, node: string) {
    super(`${action}: node "${node}" has to catch up with the log`, 409, "HOST_BEHIND", { action, node });
  }
}
