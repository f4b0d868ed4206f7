import { PatternGroup, type Unit } from "./pattern-group.ts";

/**
 * Compiles patterns with Moleculer's wildcards; decides like Moleculer's own `match`: `*` is the rest of a segment,
 * `**` anything, `?` one character. Moleculer's regular expressions backtrack, for minutes with a pattern like
 * `**a**a**a…`. This takes at most one step per 32 characters of the patterns and character of the text.
 */
export function wildcardMatcher(patterns: readonly string[]): (text: string) => boolean {
  const segments: string[] = [];
  const prefixes: string[] = [];
  const groups: PatternGroup[] = [];
  for (const pattern of patterns) {
    const firstStar = pattern.indexOf("*");
    const isOnlyStars = firstStar >= 0 && !pattern.includes("?");
    if (isOnlyStars && firstStar === pattern.length - 1) segments.push(pattern.slice(0, -1));
    else if (isOnlyStars && firstStar === pattern.length - 2 && pattern.endsWith("**"))
      prefixes.push(pattern.slice(0, -2));
    else if (!groups.at(-1)?.add(unitsOf(pattern))) groups.push(new PatternGroup(unitsOf(pattern)));
  }
  return (text) => {
    const lastDot = text.lastIndexOf(".");
    return (
      segments.some((prefix) => matchesSegment(text, lastDot, prefix)) ||
      prefixes.some((prefix) => text.startsWith(prefix)) ||
      groups.some((group) => group.matches(text))
    );
  };
}

/** Matches `<prefix>*`. Moleculer ignores the first character after the prefix of an only star. */
const matchesSegment = (text: string, lastDot: number, prefix: string): boolean =>
  lastDot < (prefix === "" ? 0 : prefix.length + 1) && text.startsWith(prefix);

/** Unless its only wildcard is one star at the end, a pattern's dot is any character, as for Moleculer. */
function unitsOf(pattern: string): Unit[] {
  return Array.from(pattern.matchAll(/\*\*|[^]/g), ([part]): Unit => {
    if (part === "**") return "anything";
    if (part === "*") return "segment";
    return part === "?" || part === "." ? "character" : { exactly: part.charCodeAt(0) };
  });
}
