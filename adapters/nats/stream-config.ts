import type { JetStreamManager, StreamConfig, StreamInfo } from "nats";
import { MissingLogError, UnusableStoreError } from "../../core/errors/errors.ts";
import { differences } from "../../core/errors/differences.ts";
import { inWords } from "../../core/errors/problem.ts";
import { isNoStream } from "./errors.ts";

/** Makes a stream reject deletions of messages. It can be set on an existing stream, but never unset. */
const protection = { deny_delete: true, deny_purge: true };

/**
 * A stream that stores messages in files without limits. The protocol's words instead of the driver's enums: this file
 * must load without the driver.
 */
const keeping = {
  retention: "limits",
  storage: "file",
  discard: "new",
  max_age: 0,
  max_bytes: -1,
  max_msgs: -1,
  max_msg_size: -1,
  ...protection,
} as Partial<StreamConfig>;

/** The stream of commits: one subject, and no message is ever removed. */
export const ofCommits = (name: string): Partial<StreamConfig> => ({
  ...keeping,
  name,
  subjects: [name],
  max_msgs_per_subject: -1,
});

/** The stream of control state: a subject per key, with its last message. */
export const ofControl = (name: string): Partial<StreamConfig> => ({
  ...keeping,
  name,
  subjects: [`${name}.*`],
  max_msgs_per_subject: 1,
});

/**
 * Returns the stream, and creates it if it does not exist.
 * @param replicas null: create and change nothing
 * @throws MissingLogError if it does not exist and `replicas` is null; UnusableStoreError if its configuration differs,
 * so that it could lose messages, or it has fewer replicas
 */
export async function streamOf(
  manager: JetStreamManager,
  location: string,
  wanted: Partial<StreamConfig>,
  replicas: number | null,
): Promise<StreamInfo> {
  let found: StreamInfo;
  try {
    found = await manager.streams.info(wanted.name!);
  } catch (error) {
    if (!isNoStream(error)) throw error;
    if (replicas === null) throw new MissingLogError(location);
    return manager.streams.add({ ...wanted, num_replicas: replicas });
  }
  const differing = Object.entries(wanted).filter(
    ([field, expected]) => !isSame(found.config[field as keyof StreamConfig] ?? absent[field], expected),
  );
  const other = differing.find(([field]) => !(field in protection));
  if (other) {
    const [field, expected] = other;
    const there = found.config[field as keyof StreamConfig];
    throw new UnusableStoreError(
      location,
      `stream ${wanted.name}: ${inWords(differences(field, there, expected))}: it could lose commits, or belongs to another program`,
    );
  }
  const { num_replicas: copies } = found.config;
  if (replicas !== null && copies < replicas)
    throw new UnusableStoreError(
      location,
      `stream ${wanted.name}: found ${copies} ${copies === 1 ? "replica" : "replicas"}, expected ${replicas}: nats stream edit ${wanted.name} --replicas ${replicas}, or set replicas=${copies}`,
    );
  // A stream of an earlier version, which lacks the protection.
  if (differing.length > 0 && replicas !== null) return manager.streams.update(wanted.name!, protection);
  return found;
}

/** The values of fields that a server omits. */
const absent: Record<string, unknown> = { deny_delete: false, deny_purge: false, max_age: 0 };

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
