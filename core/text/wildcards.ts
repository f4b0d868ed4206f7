import { PatternGroup, type Unit } from "./pattern-group.ts";

/**
 * Whether a text matches one of the patterns with Moleculer's wildcards, as Moleculer's own `match` decides: `*` is the
 * rest of a segment, `**` anything, `?` one character. Its regular expressions backtrack, for minutes where a pattern is
 * like `**a**a**a…`. This takes a step for each 32 characters of the patterns and each character of the text, at most.
 */
export function wildcardMatcher(patterns: readonly string[]): (text: string) => boolean {
  const segments: string[] = [];
  const beginnings: string[] = [];
  const groups: PatternGroup[] = [];
  for (const pattern of patterns) {
    const firstStar = pattern.indexOf("*");
    const isOnlyStars = firstStar >= 0 && !pattern.includes("?");
    if (isOnlyStars && firstStar === pattern.length - 1) segments.push(pattern.slice(0, -1));
    else if (isOnlyStars && firstStar === pattern.length - 2 && pattern.endsWith("**"))
      beginnings.push(pattern.slice(0, -2));
    else if (!groups.at(-1)?.add(unitsOf(pattern))) groups.push(new PatternGroup(unitsOf(pattern)));
  }
  return (text) => {
    const lastDot = text.lastIndexOf(".");
    return (
      segments.some((prefix) => matchesSegment(text, lastDot, prefix)) ||
      beginnings.some((prefix) => text.startsWith(prefix)) ||
      groups.some((group) => group.matches(text))
    );
  };
}

/** Moleculer does not look at the first character after a text that is followed by the only star. */
const matchesSegment = (text: string, lastDot: number, prefix: string): boolean =>
  lastDot < (prefix === "" ? 0 : prefix.length + 1) && text.startsWith(prefix);

/** With other wildcards than a single one at the end, a dot of the pattern is any character, as for Moleculer. */
function unitsOf(pattern: string): Unit[] {
  return Array.from(pattern.matchAll(/\*\*|[^]/g), ([part]): Unit => {
    if (part === "**") return "anything";
    if (part === "*") return "segment";
    return part === "?" || part === "." ? "character" : { exactly: part.charCodeAt(0) };
  });
}
