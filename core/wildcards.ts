/**
 * Whether a text matches a pattern with Moleculer's wildcards, as Moleculer's own `match` decides: `*` is the rest of a
 * segment, `**` anything, `?` one character. Its regular expressions backtrack, for minutes where a
 * pattern is like `**a**a**a…`. This takes at most the product of the two lengths.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  const firstStar = pattern.indexOf("*");
  if (!pattern.includes("?")) {
    if (firstStar === -1) return pattern === text;
    if (firstStar === pattern.length - 1) return matchesSegment(text, pattern.slice(0, -1));
    if (firstStar === pattern.length - 2 && pattern.endsWith("**")) return text.startsWith(pattern.slice(0, -2));
  }
  return matchesParts(text, partsOf(pattern));
}

/** Moleculer does not look at the first character after a text that is followed by the only star. */
function matchesSegment(text: string, prefix: string): boolean {
  const from = prefix === "" ? 0 : prefix.length + 1;
  return text.startsWith(prefix) && !text.includes(".", from);
}

type Part = "anything" | "segment" | "character" | { exactly: string };

/** With other wildcards than a single one at the end, a dot of the pattern is any character, as for Moleculer. */
function partsOf(pattern: string): Part[] {
  return Array.from(pattern.matchAll(/\*\*|[^]/g), ([part]): Part => {
    if (part === "**") return "anything";
    if (part === "*") return "segment";
    return part === "?" || part === "." ? "character" : { exactly: part };
  });
}

/** Part by part: at which places of the text the parts so far can end. */
function matchesParts(text: string, parts: readonly Part[]): boolean {
  let ends = new Uint8Array(text.length + 1);
  ends[0] = 1;
  for (const part of parts) {
    const next = new Uint8Array(text.length + 1);
    if (part === "anything" || part === "segment") {
      next[0] = ends[0]!;
      for (let at = 1; at <= text.length; at++) {
        const goesOn = next[at - 1] === 1 && (part === "anything" || text[at - 1] !== ".");
        next[at] = goesOn ? 1 : ends[at]!;
      }
    } else
      for (let at = 1; at <= text.length; at++)
        if (part === "character" || text[at - 1] === part.exactly) next[at] = ends[at - 1]!;
    if (!next.includes(1)) return false;
    ends = next;
  }
  return ends[text.length] === 1;
}
