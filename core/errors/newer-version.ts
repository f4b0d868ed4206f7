import { UnusableStoreError } from "./errors.ts";
import { show } from "./problem.ts";

/** A stored value has a format, a kind or a need that this version does not know. An older one never writes over it. */
export const writtenByNewer = (location: string, what: string, found: unknown, expected: string): UnusableStoreError =>
  new UnusableStoreError(
    location,
    `written by a newer version of moleculer-event-sourcing: ${what}: found ${show(found)}, expected ${expected}; update this node, or start a node of the newer version`,
  );

/** A stored value has another format number than this version writes, or none. An older one never writes over it. */
export const unknownFormat = (location: string, what: string, found: unknown, expected: number): UnusableStoreError =>
  Number.isSafeInteger(found) && (found as number) > 0
    ? writtenByNewer(location, what, found, String(expected))
    : new UnusableStoreError(
        location,
        `${what}: found ${show(found)}, expected the number ${expected}: the value has no format number, and was written by another program or by a build before the first release`,
      );
