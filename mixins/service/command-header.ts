import type { CallingOptions } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";
import { toCommandId } from "../../core/log/command-id.ts";

/** A call's header, not a field of its meta: nested calls inherit meta, but are other commands. */
const header = "commandId";
const field = `headers.${header}`;

interface Sent {
  headers?: Readonly<Record<string, unknown>> | null;
}

/** The header `commandId` of a call; undefined without one. @throws ValidationError */
export function headerCommandId({ headers }: Sent): string | undefined {
  const found = headers?.[header];
  return found === undefined ? undefined : toCommandId(field, found);
}

/**
 * The id that the caller gave this call; undefined without one.
 * @throws ValidationError for another spelling of the header: without the id a repeated call would store twice
 */
export function commandIdOf(sent: Sent): string | undefined {
  const id = headerCommandId(sent);
  if (id === undefined)
    for (const name in sent.headers) if (isOtherSpelling(name)) throw otherSpelling(name, sent.headers[name]);
  return id;
}

const isOtherSpelling = (name: string) =>
  name !== header && name.replaceAll(/[-_]/g, "").toLowerCase() === header.toLowerCase();

const otherSpelling = (name: string, found: unknown) =>
  new ValidationError([
    {
      field: `headers.${name}`,
      found,
      expected: `the id as headers.${header} of the call, which nested calls do not inherit`,
    },
  ]);

/** Whether a call has a command id where it has no effect: in its meta, which nested calls inherit. */
export const hasMisplacedId = (sent: Sent & { meta: object }): boolean =>
  (sent.meta as Record<string, unknown>)[header] !== undefined && headerCommandId(sent) === undefined;

/** The options of a call with this command id. */
export const withCommandId = <Options extends CallingOptions>(id: string, options: Options): Options => ({
  ...options,
  headers: { ...options.headers, [header]: id },
});
