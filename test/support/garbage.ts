import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects all garbage, so that two measurements of the heap can be compared. */
export const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of the heap that are in use. */
export function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
