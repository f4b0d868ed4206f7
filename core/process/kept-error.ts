import { isProblem, toJson } from "../json/json.ts";
import { asParkedError } from "../event/parked-error.ts";
import type { KeptError } from "./stored-process.ts";

/** Longer data is omitted, since each change of a process stores it. */
const maxCharacters = 10_000;

/** Converts an error for storage with a process: the fields that cross nodes, including `data`. */
export function keptError(error: unknown): KeptError {
  const kept = asParkedError(error);
  const given = error !== null && typeof error === "object" && "data" in error ? error.data : undefined;
  const data = given === undefined ? null : toJson("data", asSent(given), maxCharacters);
  return data && !isProblem(data) && data.text.length <= maxCharacters ? { ...kept, data: data.value } : kept;
}

/** The data after JSON: an error from another node has nothing else either. */
function asSent(data: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(data));
  } catch {
    return undefined;
  }
}

/** Restores an error as if it arrived from another node: a plain Error with its fields. */
export const restoredError = ({ message, ...fields }: KeptError): Error => Object.assign(new Error(message), fields);
