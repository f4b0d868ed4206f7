import { entityId } from "./stream-name.ts";

/** Stands for an id in a stream's name; no id contains it. */
const probe = "\u{F0000}";

/**
 * The id of the entity whose stream this is, by the rule that names its streams. Of several candidates, the rule's own
 * decides: it turns the id into this stream. Without one: the part after the category.
 * @throws ValidationError if the name has no such part
 */
export function entityIdOf(stream: string, streamOf: (id: string) => string): string {
  const candidates = [...around(stream, nameOf(probe, streamOf)), ...suffixes(stream)];
  const id = candidates.find((candidate) => candidate !== "" && nameOf(candidate, streamOf) === stream);
  return id ?? entityId(stream);
}

/** The part of the stream that stands where the probe does. */
function around(stream: string, probed: string | null): string[] {
  const [before, after, ...more] = probed?.split(probe) ?? [];
  const fits = before !== undefined && after !== undefined && more.length === 0;
  return fits && stream.startsWith(before) && stream.endsWith(after)
    ? [stream.slice(before.length, stream.length - after.length)]
    : [];
}

function* suffixes(stream: string): Iterable<string> {
  for (let at = stream.indexOf("-"); at >= 0; at = stream.indexOf("-", at + 1)) yield stream.slice(at + 1);
}

/** A rule may throw for a text that is no id of its entities. */
function nameOf(id: string, streamOf: (id: string) => string): string | null {
  try {
    return streamOf(id);
  } catch {
    return null;
  }
}
