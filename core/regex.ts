import { described, show } from "./problem.ts";
import { RE2JS } from "re2js";
import { BoundedCache } from "./bounded-cache.ts";
import { InvalidQueryError } from "./errors.ts";
import { toRe2, UnsupportedRegexError } from "./regex-syntax.ts";

/** A JavaScript pattern and its flags, as a query has them. */
export interface Regex {
  source: string;
  flags: string;
}

export const maxPatternCharacters = 1000;
/** Characters of a pattern after its repetitions are written out: the engine's time and memory grow with them. */
const maxPatternSize = 1000;

/**
 * What one text may cost: a pattern's size times the text's characters. The dearest patterns take 15 ns for each unit
 * where the engine's cache does not help, and nothing else runs on the node meanwhile.
 */
const maxCost = 20_000_000;

type TextTest = (text: string) => boolean;

const compiled = new BoundedCache<string, TextTest>(100);

/**
 * Whether a text contains what the pattern describes. JavaScript's own engine backtracks: `^(a+)+$` takes minutes for
 * thirty characters. RE2 takes time that is linear in the text, for each pattern, and decides the same on every engine.
 *
 * @throws SyntaxError, UnsupportedRegexError: the message says what is wrong with the pattern. The test throws
 *   InvalidQueryError for a text that is too long for it.
 */
export function compileRegex({ source, flags }: Regex): TextTest {
  return compiled.get(`${flags}/${source}`, () => literalTest(source, flags) ?? linearTest(source, flags));
}

/** Plain text with or without an anchor needs no engine. Other flags than these change what a text matches. */
function literalTest(source: string, flags: string): TextTest | null {
  const [, start = "", text, end = ""] = literal.exec(source) ?? [];
  // Half a character would also be found inside of a whole one.
  if (text === undefined || !/^[su]*$/.test(flags) || !text.isWellFormed()) return null;
  const plain = text.replaceAll(/\\(.)/gs, "$1");
  if (start && end) return (found) => found === plain;
  if (start) return (found) => found.startsWith(plain);
  return end ? (found) => found.endsWith(plain) : (found) => found.includes(plain);
}

const literal = /^(\^?)((?:[^\\^$.*+?()[\]{}|]|\\[\\^$.*+?()[\]{}|/])*)(\$?)$/s;

function linearTest(source: string, flags: string): TextTest {
  const { pattern, size } = toRe2(source, flags);
  if (size > maxPatternSize)
    throw new UnsupportedRegexError(`at most ${maxPatternSize} characters with repetitions written out, not ${size}`);
  try {
    const regex = RE2JS.compile(pattern);
    const maxCharacters = Math.floor(maxCost / Math.max(1, size));
    return (text) => {
      if (text.length > maxCharacters) throw tooLong(text, source, maxCharacters);
      return regex.test(text);
    };
  } catch (error) {
    throw new UnsupportedRegexError(`matching takes linear time: ${detailOf(error)}`);
  }
}

const tooLong = (text: string, source: string, maxCharacters: number) =>
  new InvalidQueryError({
    field: "query",
    found: described(`a text of ${text.length} characters for the pattern ${show(source)}`),
    expected: `at most ${maxCharacters}: with fewer repetitions the pattern matches longer ones`,
  });

const detailOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 200);
