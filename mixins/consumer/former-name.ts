import { DefinitionError } from "../../core/errors/errors.ts";
import { serviceName } from "../service/service-name.ts";

/** @throws DefinitionError */
export function parseFormerName(name: string, found: unknown): string | undefined {
  if (found === undefined) return undefined;
  if (typeof found !== "string" || !serviceName.test(found) || found === name)
    throw new DefinitionError({ field: `${name}.formerName`, found, expected: "another service name" });
  return found;
}

/**
 * The name of a consumer in the store and in the ids of its commands. A renamed consumer keeps its first one, so nothing
 * has to be moved, and the releases before and after the renaming share one lease.
 */
export const storedName = ({ name, formerName = name }: { name: string; formerName?: string | undefined }): string =>
  formerName;

/**
 * Refuses a renamed consumer that would begin anew under another name. `found`: the option; `expected`: what the store
 * knows. @throws DefinitionError
 */
export function assertFormerName(name: string, found: string | undefined, expected: string | undefined): void {
  if (found === expected) return;
  const isOwn = expected === undefined || expected === name;
  throw new DefinitionError({
    field: `${name}.formerName`,
    found,
    expected: isOwn
      ? `no former name: ${name} has a checkpoint of its own`
      : `"${expected}": its checkpoint is stored under that name`,
  });
}
