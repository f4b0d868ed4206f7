import type { CallingOptions, Context } from "moleculer";
import { toCommandId } from "../../core/log/command-id.ts";

/** A call's header, not a field of its meta: nested calls inherit meta, but are other commands. */
const header = "commandId";

/** The id that the caller gave this call; undefined without one. @throws ValidationError */
export const commandIdOf = ({ headers }: Context): string | undefined =>
  toCommandId(`headers.${header}`, (headers as Record<string, unknown> | null | undefined)?.[header]);

/** The options of a call with this command id. */
export const withCommandId = <Options extends CallingOptions>(id: string, options: Options): Options => ({
  ...options,
  headers: { ...options.headers, [header]: id },
});
