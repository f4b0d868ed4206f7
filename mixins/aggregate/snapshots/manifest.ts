import { createHash } from "node:crypto";

/** A snapshot's manifest. A snapshot is a backup of a read table at a position of the log. */
export interface Manifest {
  /** A UUID of version 7, so later snapshots have greater ids. */
  id: string;
  table: string;
  /** The node that took the snapshot. */
  node: string;
  /** The rows are folded up to and including this position. */
  position: number;
  rows: number;
  /** The checksum of its files' content. */
  checksum: string;
  /** The hash of the definition by which the rows were folded. */
  definition: string;
  format: number;
  /** When the snapshot was requested, in ISO 8601. */
  time: string;
  bytes: number;
  durationMs: number;
  /** The identity of the log; null before its first event. */
  log: string | null;
  /** True if a parked event was folded after newer events of other streams. */
  reordered: boolean;
}

/** The fields that are known when a snapshot begins. */
export type Begun = Pick<Manifest, "id" | "table" | "node" | "time">;

/** The manifest of a complete snapshot, with the fields that are compared with the log and the current definition. */
export type CompleteSnapshot = Manifest & { state: "complete"; positionId: string | null; description: string };

/** The content of a manifest's file, in each state of its snapshot. */
export type StoredManifest =
  (Begun & { state: "running" }) | (Begun & { state: "failed"; error: string }) | CompleteSnapshot;

/** Returns the file's text: JSON that ends with a hash of the rest, which detects any changed byte. */
export function sealManifest(manifest: StoredManifest): string {
  const seal = createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
  return JSON.stringify({ ...manifest, seal });
}

/** Parses the file's text; null if it is damaged. */
export function unsealManifest(text: string): StoredManifest | null {
  try {
    const { seal: _, ...manifest } = JSON.parse(text) as StoredManifest & { seal: unknown };
    return sealManifest(manifest) === text ? manifest : null;
  } catch {
    return null;
  }
}

/** The public part of a complete manifest. */
export function manifestOf(snapshot: CompleteSnapshot): Manifest {
  const { state: _, positionId: __, description: ___, ...manifest } = snapshot;
  return manifest;
}
