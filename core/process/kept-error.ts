import { isProblem, toJson } from "../json/json.ts";
import { asParkedError } from "../event/parked-error.ts";
import type { KeptError } from "./instance.ts";

/** Longer data is left out: each change of an instance carries it. */
const maxCharacters = 10_000;

/** An error as it is kept with a process: what of it crosses nodes, too. */
export function keptError(error: unknown): KeptError {
  const kept = asParkedError(error);
  const given = error !== null && typeof error === "object" && "data" in error ? error.data : undefined;
  const data = given === undefined ? null : toJson("data", asSent(given), maxCharacters);
  return data && !isProblem(data) && data.text.length <= maxCharacters ? { ...kept, data: data.value } : kept;
}

/** What JSON leaves of it: of an error that arrives from another node nothing else is known either. */
function asSent(data: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(data));
  } catch {
    return undefined;
  }
}

/** As one that arrives from another node: an instance of no class of its own, with its fields. */
export const restoredError = ({ message, ...fields }: KeptError): Error => Object.assign(new Error(message), fields);
