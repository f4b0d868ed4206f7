import type { AppendRequest } from "../../core/log/append-request.ts";
import type { CommitSnapshot } from "./commit-snapshot.ts";
import { ReadClaims, type ClaimsRead } from "./kept-claims.ts";

/** What a basis that was read says beyond its moment: it holds until the log's revision is another. */
export interface CachedState {
  revision: number;
  scopes: ClaimsRead["scopes"];
}

/**
 * Takes the versions that callers expect for those their streams have: whoever writes on it has them checked. Null where
 * something has to be read: another stream's version, an id that may be known, who holds a value.
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
  const claims = new ReadClaims({ scopes, held: [] });
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
