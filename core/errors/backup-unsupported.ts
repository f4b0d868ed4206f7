import { Errors } from "moleculer";

/** The log's engine has no backup of ours. 409; `why` names its own tool, or another way. */
export class BackupUnsupportedError extends Errors.MoleculerClientError {
  override name = "BackupUnsupportedError";

  constructor(location: string, why: string) {
    super(`${location}: ${why}`, 409, "BACKUP_UNSUPPORTED", { location, why });
  }
}
