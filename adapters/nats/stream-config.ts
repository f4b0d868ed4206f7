import type { JetStreamManager, StreamConfig, StreamInfo } from "nats";
import { MissingLogError, UnusableStoreError } from "../../core/errors/errors.ts";
import { isNoStream } from "./errors.ts";

/** A stream with it refuses that messages are deleted. It can be put on, never off. */
const protection = { deny_delete: true, deny_purge: true };

/** A stream that keeps what it is given, in files, without limits. The words are the protocol's, so that the driver need not be there to load this. */
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

/** The stream of commits: one subject, nothing goes. */
export const ofCommits = (name: string): Partial<StreamConfig> => ({
  ...keeping,
  name,
  subjects: [name],
  max_msgs_per_subject: -1,
});

/** The stream of cells: a subject for each, of which the last message counts. */
export const ofControl = (name: string): Partial<StreamConfig> => ({
  ...keeping,
  name,
  subjects: [`${name}.*`],
  max_msgs_per_subject: 1,
});

/**
 * The stream, made where there is none; with null as its replicas it is not.
 * @throws UnusableStoreError where there is one that would lose what it was given, has fewer replicas, or is not ours, or none
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
      `stream ${wanted.name}: found ${field} ${JSON.stringify(there)}, expected ${JSON.stringify(expected)}: it would not keep the log, or is not of a log`,
    );
  }
  const { num_replicas: copies } = found.config;
  if (replicas !== null && copies < replicas)
    throw new UnusableStoreError(
      location,
      `stream ${wanted.name}: found ${copies} ${copies === 1 ? "replica" : "replicas"}, expected ${replicas}: nats stream edit ${wanted.name} --replicas ${replicas}, or say replicas=${copies}`,
    );
  // A stream that an earlier version made.
  if (differing.length > 0 && replicas !== null) return manager.streams.update(wanted.name!, protection);
  return found;
}

/** What a server leaves out. */
const absent: Record<string, unknown> = { deny_delete: false, deny_purge: false, max_age: 0 };

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
