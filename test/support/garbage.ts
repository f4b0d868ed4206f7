import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects all garbage at once, so that two looks at the heap can be compared. */
export const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of the heap that are in use. */
export function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
