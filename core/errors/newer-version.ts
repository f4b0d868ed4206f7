import { UnusableStoreError } from "./errors.ts";
import { show } from "./problem.ts";

/** A stored value has a format, a kind or a need that this version does not know. An older one never writes over it. */
export const writtenByNewer = (location: string, what: string, found: unknown, expected: string): UnusableStoreError =>
  new UnusableStoreError(
    location,
    `written by a newer version of moleculer-event-sourcing: ${what}: found ${show(found)}, expected ${expected}; update this node, or start a node of the newer version`,
  );
