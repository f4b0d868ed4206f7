import type { CallingOptions, Context } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";
import { toCommandId } from "../../core/log/command-id.ts";

/** A call's header, not a field of its meta: nested calls inherit meta, but are other commands. */
const header = "commandId";

type Sent = Pick<Context, "headers">;

const headersOf = ({ headers }: Sent) => (headers ?? {}) as Record<string, unknown>;

/** The header `commandId` of a call; undefined without one. @throws ValidationError */
export const headerCommandId = (sent: Sent): string | undefined =>
  toCommandId(`headers.${header}`, headersOf(sent)[header]);

/**
 * The id that the caller gave this call; undefined without one.
 * @throws ValidationError for another spelling of the header: without the id a repeated call would store twice
 */
export function commandIdOf(sent: Sent): string | undefined {
  const id = headerCommandId(sent);
  if (id === undefined) assertNoOtherSpelling(sent);
  return id;
}

function assertNoOtherSpelling(sent: Sent): void {
  const expected = `the id as headers.${header} of the call, which nested calls do not inherit`;
  for (const [name, found] of Object.entries(headersOf(sent)))
    if (name !== header && name.replaceAll(/[-_]/g, "").toLowerCase() === header.toLowerCase())
      throw new ValidationError([{ field: `headers.${name}`, found, expected }]);
}

/** The options of a call with this command id. */
export const withCommandId = <Options extends CallingOptions>(id: string, options: Options): Options => ({
  ...options,
  headers: { ...options.headers, [header]: id },
});
