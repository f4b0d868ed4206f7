import { RE2JS } from "re2js";
import { BoundedCache } from "../json/bounded-cache.ts";
import { toRe2, UnsupportedRegexError } from "./regex-syntax.ts";

/** A JavaScript pattern and its flags. */
export interface Regex {
  source: string;
  flags: string;
}

export const maxPatternCharacters = 1000;
/** Limit of a pattern's characters after its repetitions are expanded: the engine's time and memory grow with them. */
const maxPatternSize = 1000;

export interface CompiledRegex {
  test: (text: string) => boolean;
  /** The cost, in time and memory, of each character of a text. 0 for plain text. */
  size: number;
}

const compiled = new BoundedCache<string, CompiledRegex>(100);

/**
 * Compiles a pattern for a search in texts. JavaScript's own engine backtracks: `^(a+)+$` takes minutes for thirty
 * characters. RE2 takes time that is linear in the text, and decides the same on every engine.
 *
 * @throws SyntaxError, UnsupportedRegexError: the message contains the problem of the pattern
 */
export function compileRegex({ source, flags }: Regex): CompiledRegex {
  return compiled.get(`${flags}/${source}`, () => {
    const test = literalTest(source, flags);
    return test ? { test, size: 0 } : linear(source, flags);
  });
}

/**
 * Plain text, with or without anchors, needs no regular expression. Flags other than `s` and `u` change what it
 * matches.
 */
function literalTest(source: string, flags: string): CompiledRegex["test"] | null {
  const [, start = "", text, end = ""] = literal.exec(source) ?? [];
  // A lone surrogate would also match inside a pair.
  if (text === undefined || !/^[su]*$/.test(flags) || !text.isWellFormed()) return null;
  const plain = text.replaceAll(/\\(.)/gs, "$1");
  if (start && end) return (found) => found === plain;
  if (start) return (found) => found.startsWith(plain);
  return end ? (found) => found.endsWith(plain) : (found) => found.includes(plain);
}

const literal = /^(\^?)((?:[^\\^$.*+?()[\]{}|]|\\[\\^$.*+?()[\]{}|/])*)(\$?)$/s;

function linear(source: string, flags: string): CompiledRegex {
  const { pattern, size } = toRe2(source, flags);
  if (size > maxPatternSize)
    throw new UnsupportedRegexError(`at most ${maxPatternSize} characters with repetitions expanded, not ${size}`);
  try {
    const regex = RE2JS.compile(pattern);
    return { test: (text) => regex.test(text), size: Math.max(1, size) };
  } catch (error) {
    throw new UnsupportedRegexError(`matching takes linear time: ${detailOf(error)}`);
  }
}

const detailOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 200);
