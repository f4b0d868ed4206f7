import { createHash } from "node:crypto";

/** Rises when a snapshot's files can no longer be read by the versions before. */
export const format = 1;

/** What is known of a snapshot: a backup of an aggregate's table at a position of the log. */
export interface Manifest {
  /** A UUID of version 7: later snapshots have greater ones. */
  id: string;
  aggregate: string;
  /** The node that took it. */
  node: string;
  /** The rows are those of the log up to and including this position. */
  position: number;
  rows: number;
  /** Of the content of its files. */
  checksum: string;
  /** Of the definition that the rows were folded by: a hash. */
  definition: string;
  format: number;
  /** When it was asked for: ISO 8601. */
  time: string;
  bytes: number;
  durationMs: number;
  /** The identity of the log; null before its first event. */
  log: string | null;
  /** A parked event was folded after newer ones of other streams. */
  reordered: boolean;
}

/** What is known of a snapshot from its beginning. */
export type Begun = Pick<Manifest, "id" | "aggregate" | "node" | "time">;

/** A complete snapshot's file also says by what it is compared with the log and with today's definition. */
export type CompleteSnapshot = Manifest & { state: "complete"; positionId: string | null; description: string };

/** A manifest as it stands in its file, from the snapshot's beginning to its end. */
export type StoredManifest =
  (Begun & { state: "running" }) | (Begun & { state: "failed"; error: string }) | CompleteSnapshot;

/** The file's text: JSON that ends with the hash of the rest, so that a byte that is changed anywhere is noticed. */
export function sealManifest(manifest: StoredManifest): string {
  const seal = createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
  return JSON.stringify({ ...manifest, seal });
}

/** Null where the text is not what was written. */
export function unsealManifest(text: string): StoredManifest | null {
  try {
    const { seal: _, ...manifest } = JSON.parse(text) as StoredManifest & { seal: unknown };
    return sealManifest(manifest) === text ? manifest : null;
  } catch {
    return null;
  }
}

/** What callers and the history get to know of it. */
export function manifestOf(snapshot: CompleteSnapshot): Manifest {
  const { state: _, positionId: __, description: ___, ...manifest } = snapshot;
  return manifest;
}
