import { kindOf } from "./object-kind.ts";

/** One thing that is wrong with an input: where it stands, what was found there and what belongs there. */
export interface Problem {
  field: string;
  found: unknown;
  expected: string;
}

/** What was found, in words of ours: they have no quotes in a message, as a caller's text has. */
class Description {
  readonly #words: string;

  constructor(words: string) {
    this.#words = words;
  }

  /** Null of anything else. A private name is looked for without a trap of a Proxy. */
  static wordsOf(found: unknown): string | null {
    return found !== null && typeof found === "object" && #words in found ? found.#words : null;
  }
}

export const described = (words: string): object => new Description(words);

/*
 * An error travels between nodes and into logs: whatever the input, its message and data together stay below 16 KB.
 */
const maxTextCharacters = 200;
const maxExpectedCharacters = 600;
const maxProblems = 20;
const maxDataBytes = 8000;
const maxMessageCharacters = 1200;
const maxBigInt = 10n ** 60n;

/** A text of an error's data, with how long it was where it is cut. A text that was cut once stays as it is. */
export function brief(text: string, most = maxTextCharacters): string {
  if (text.length <= most) return text;
  const length = ` (${text.length} long)`;
  return `${beginning(text, most - length.length - 1)}…${length}`;
}

/** Control characters and halves of characters as JSON escapes them: a terminal or a log acts on them otherwise. */
const printable = (text: string) =>
  text.replaceAll(/\p{Cc}|\p{Cs}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Never ends in half a character. */
const beginning = (text: string, length: number) => {
  const cut = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
};

/** What was thrown, in a few words; whatever it is. */
export function safeText(thrown: unknown): string {
  try {
    return brief(String(thrown));
  } catch {
    return "what cannot be read";
  }
}

/** `found` as it appears in a message: short, and unable to throw whatever it is. */
export function show(found: unknown): string {
  if (typeof found === "string")
    return found.length > 60 ? `"${printable(beginning(found, 60))}…" (${found.length} long)` : `"${printable(found)}"`;
  if (typeof found === "bigint")
    return found < maxBigInt && found > -maxBigInt ? `BigInt ${found}` : "a BigInt of more than 60 digits";
  if (typeof found === "function" || typeof found === "symbol") return typeof found;
  if (found === null || typeof found !== "object") return String(found);
  const words = Description.wordsOf(found);
  return words === null ? shownObject(found) : printable(brief(words));
}

function shownObject(found: object): string {
  try {
    if (Array.isArray(found)) return `an array of ${found.length}`;
    if (found instanceof Date) return `Date ${brief(String(found))}`;
  } catch {
    // A revoked Proxy.
  }
  return kindOf(found);
}

/** The same for `data`, which must survive the JSON of a transporter. */
export function portable(found: unknown): unknown {
  if (typeof found === "string") return brief(found);
  return found === null || typeof found === "number" || typeof found === "boolean" ? found : show(found);
}

/** What kind of JSON value was found, without a part of its content. */
export function kindOfValue(found: unknown): unknown {
  if (found === undefined || found === null || Description.wordsOf(found) !== null) return found;
  if (typeof found === "string") return described(`a string of ${found.length} characters`);
  return described(typeof found === "object" ? show(found) : `a ${typeof found}`);
}

const inBrief = ({ field, found, expected }: Problem): Problem => ({
  field: brief(field) || '""',
  found,
  expected: brief(expected, maxExpectedCharacters),
});

const sentence = ({ field, found, expected }: Problem) => `${field}: found ${show(found)}, expected ${expected}`;

export const inWords = (problems: readonly Problem[]): string => {
  const listed = problems.slice(0, maxProblems).map((problem) => sentence(inBrief(problem)));
  const more = problems.length - listed.length;
  return brief([...listed, ...(more > 0 ? [moreInWords(more)] : [])].join("; "), maxMessageCharacters);
};

const moreInWords = (more: number) => `${more} more problem${more === 1 ? "" : "s"}`;

/** One problem as it stands in an error's data. */
export interface ProblemData {
  field: string;
  found: unknown;
  expected: string;
  message: string;
}

/** A problem of another error, as it came from a node: what its message has without quotes stays without them. */
export function asProblem({ field, found, expected, message }: ProblemData): Problem {
  const isText = typeof found === "string" && message.startsWith(`${field}: found "`);
  return { field, found: typeof found === "string" && !isText ? described(found) : found, expected };
}

/** The first of them; an entry at the end says how many more there are. */
export function asData(problems: readonly Problem[]): ProblemData[] {
  const data: ProblemData[] = [];
  let bytes = 0;
  for (const problem of problems.slice(0, maxProblems)) {
    const { field, found, expected } = inBrief(problem);
    const entry = { field, found: portable(found), expected, message: sentence({ field, found, expected }) };
    bytes += Buffer.byteLength(JSON.stringify(entry));
    if (bytes > maxDataBytes && data.length > 0) break;
    data.push(entry);
  }
  const more = problems.length - data.length;
  if (more > 0) data.push({ field: "more", found: more, expected: "none", message: moreInWords(more) });
  return data;
}
