import type { AppendRequest } from "../../core/log/append-request.ts";
import type { CommitSnapshot } from "./commit-snapshot.ts";
import { ReadClaims, type ClaimsRead } from "./kept-claims.ts";

/** The part of a snapshot that stays valid as long as the log's revision is the same. */
export interface CachedState {
  revision: number;
  scopes: ClaimsRead["scopes"];
}

/**
 * Assumes that each stream has the version that its caller expects; the write checks this. Returns null if the decision
 * needs a read: the version of another stream, a caller's event id, or the claimant of a value.
 */
export function assumedSnapshot(
  requests: readonly AppendRequest[],
  { revision, scopes }: CachedState,
): CommitSnapshot | null {
  const versions = new Map<string, number>();
  for (const { stream, expectedVersion, events, idAfterLast, claims } of requests) {
    if (
      claims ||
      idAfterLast !== null ||
      !events.every(({ idWasGenerated, time }) => idWasGenerated && time === undefined)
    )
      return null;
    if (versions.has(stream)) continue;
    const version = expectedVersion === "no-stream" ? 0 : expectedVersion;
    if (typeof version === "string") return null;
    versions.set(stream, version);
  }
  const claims = new ReadClaims({ scopes, claimed: [] });
  return {
    head: 0,
    revision,
    lastTime: "",
    now: "",
    versions,
    linked: new Set(),
    known: new Map(),
    scopes,
    claims,
    isAssumed: true,
  };
}
