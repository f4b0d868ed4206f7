import { UnusableStoreError } from "../../core/errors/errors.ts";

type Version = readonly [number, number, number];

/** The first version with the stream features that the chain needs. */
const oldest: Version = [2, 9, 3];
/**
 * In older versions, replicated streams lose acknowledged messages, or disappear completely, after servers of the
 * cluster were killed and restarted.
 */
const oldestWithReplicas: Version = [2, 10, 23];

/**
 * @param found the version that the server reports
 * @param warn called if the server is safe only without replicas
 * @throws UnusableStoreError if the version is too old for this number of replicas, or unknown
 */
export function assertServerVersion(
  location: string,
  found: string | undefined,
  replicas: number,
  warn: (message: string) => void,
): void {
  const server = `nats-server ${found ?? "without a version"}`;
  if (isBefore(found, oldest))
    throw new UnusableStoreError(location, `found ${server}, expected ${oldest.join(".")} or newer`);
  if (!isBefore(found, oldestWithReplicas)) return;
  const why = `replicated streams of older versions lose acknowledged messages when servers are killed and restarted`;
  const expected = oldestWithReplicas.join(".");
  if (replicas > 1)
    throw new UnusableStoreError(
      location,
      `found ${server}, expected ${expected} or newer for replicas=${replicas}: ${why}; set replicas=1, or install a newer server`,
    );
  warn(`found ${server}, which is safe only without replicas: ${why}; for replicas, ${expected} is needed`);
}

function isBefore(found: string | undefined, least: Version): boolean {
  const version = (found ?? "").split(".").map(Number.parseFloat);
  const place = least.findIndex((number, index) => number !== version[index]);
  return place >= 0 && !(version[place]! > least[place]!);
}
