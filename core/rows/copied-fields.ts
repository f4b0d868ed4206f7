import type { Field, Fields } from "./fields.ts";

/** The fields whose values a copy of a generation takes over, and those of them whose values must not repeat from now on. */
export function copiedFields(from: Fields, to: Fields): { kept: Field[]; newlyUnique: Field[] } {
  const kept = [...to.values()].filter(({ name }) => from.has(name));
  // In reverse order: if several values repeat, every engine reports the last of these fields.
  const newlyUnique = kept.filter(({ name, unique }) => unique && !from.get(name)!.unique).toReversed();
  return { kept, newlyUnique };
}
