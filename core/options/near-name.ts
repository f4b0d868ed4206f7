/** A longer text is not a misspelt name, and comparing it would take time that grows with the square of its length. */
const maxCharacters = 100;
/** Shorter names are the beginning or end of too many others. */
const minPartCharacters = 3;

/**
 * The name in `known` that `given` was probably meant to be: it differs in case or separators only, or in a few
 * characters, or is the beginning or the end of `given`. Null if none is near.
 *
 * @example nearName("expectedVerson", ["stream", "expectedVersion"]); // "expectedVersion"
 */
export function nearName(given: string, known: readonly string[]): string | null {
  if (given.length > maxCharacters) return null;
  const plain = plainOf(given);
  const candidates = known.filter((name) => name.length <= maxCharacters && name !== given);
  return nearest(plain, candidates) ?? candidates.find((name) => isPart(plainOf(name), plain)) ?? null;
}

/** The end of a message that suggests the nearest name; "" if none is near. */
export function didYouMean(given: string, known: readonly string[]): string {
  const near = nearName(given, known);
  return near === null ? "" : ` (did you mean ${near}?)`;
}

/** The name in `known` that differs from `given` in case, separators or a few characters only; null if none does. */
export const misspelt = (given: string, known: readonly string[]): string | null =>
  given.length > maxCharacters ? null : nearest(plainOf(given), known);

const plainOf = (name: string) => name.toLowerCase().replaceAll(/[-_\s]/g, "");

const isPart = (name: string, given: string) =>
  name.length >= minPartCharacters && (given.startsWith(name) || given.endsWith(name));

function nearest(given: string, candidates: readonly string[]): string | null {
  let found: string | null = null;
  let least = Infinity;
  for (const name of candidates) {
    const plain = plainOf(name);
    const most = Math.floor(Math.max(plain.length, given.length) / 4);
    if (Math.abs(plain.length - given.length) > most) continue;
    const distance = distanceOf(given, plain);
    if (distance > most || distance >= least) continue;
    least = distance;
    found = name;
  }
  return found;
}

/** Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours. */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        isSwapped ? before[column - 2]! + 1 : Infinity,
      );
    }
    before = last;
    last = current;
  }
  return last[b.length]!;
}
