/**
 * The id of the entity whose stream this is, by the rule that names its streams. Both may contain `-`, so the longest
 * part after one that the rule turns into this stream is the id. Without a match: the part after the category.
 */
export function entityIdOf(stream: string, streamOf: (id: string) => string): string {
  for (let at = stream.indexOf("-"); at >= 0; at = stream.indexOf("-", at + 1)) {
    const id = stream.slice(at + 1);
    if (id !== "" && isNameOf(stream, id, streamOf)) return id;
  }
  return stream.slice(stream.indexOf("-") + 1);
}

/** A rule may throw for a text that is no id of its entities. */
function isNameOf(stream: string, id: string, streamOf: (id: string) => string): boolean {
  try {
    return streamOf(id) === stream;
  } catch {
    return false;
  }
}
