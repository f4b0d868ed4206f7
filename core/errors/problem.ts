import { kindOf } from "./object-kind.ts";

/** One problem of an input: the field, the value that was found and a description of the expected value. */
export interface Problem {
  field: string;
  found: unknown;
  expected: string;
  /** The author's own message. Default: what was found and what was expected. */
  message?: string | undefined;
}

/** A description of what was found, in our own words: messages quote a caller's text, but not a description. */
class Description {
  readonly #words: string;

  constructor(words: string) {
    this.#words = words;
  }

  /** Null for any other value. Checking for a private name runs no trap of a Proxy. */
  static wordsOf(found: unknown): string | null {
    return found !== null && typeof found === "object" && #words in found ? found.#words : null;
  }
}

export const described = (words: string): object => new Description(words);

/* An error is sent between nodes and logged, so its message and data together stay below 16 KB for any input. */
const maxTextCharacters = 200;
const maxExpectedCharacters = 600;
const maxProblems = 20;
const maxDataBytes = 8000;
const maxMessageCharacters = 1200;
const maxBigInt = 10n ** 60n;

/** Shortens a text for an error's data and appends its length. A shortened text is not shortened again. */
export function brief(text: string, most = maxTextCharacters): string {
  if (text.length <= most) return text;
  const length = ` (${text.length} long)`;
  return `${startOf(text, most - length.length - 1)}…${length}`;
}

/** Escapes control characters and lone surrogates as JSON does, since a terminal or a log would act on them. */
const printable = (text: string) =>
  text.replaceAll(/\p{Cc}|\p{Cs}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Never ends in half a surrogate pair. */
const startOf = (text: string, length: number) => {
  const cut = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
};

/** A short text of any thrown value. Never throws. */
export function safeText(thrown: unknown): string {
  try {
    return brief(String(thrown));
  } catch {
    return "a value that cannot be read";
  }
}

/** `found` as it appears in a message. Short; never throws. */
export function show(found: unknown): string {
  if (typeof found === "string")
    return found.length > 60 ? `"${printable(startOf(found, 60))}…" (${found.length} long)` : `"${printable(found)}"`;
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

/** `found` as it appears in `data`, which must survive a transporter's JSON. */
export function portable(found: unknown): unknown {
  if (typeof found === "string") return brief(found);
  return found === null || typeof found === "number" || typeof found === "boolean" ? found : show(found);
}

/** The kind of JSON value that was found, without any of its content. */
export function kindOfValue(found: unknown): unknown {
  if (found === undefined || found === null || Description.wordsOf(found) !== null) return found;
  if (typeof found === "string") return described(`a string of ${found.length} characters`);
  return described(typeof found === "object" ? show(found) : `a ${typeof found}`);
}

const inBrief = ({ field, found, expected, message }: Problem): Problem => ({
  message: message === undefined ? undefined : brief(message, maxExpectedCharacters),
  field: brief(printable(field)) || '""',
  found,
  expected: brief(printable(expected), maxExpectedCharacters),
});

const sentence = ({ field, found, expected, message }: Problem) =>
  message ?? `${field}: found ${show(found)}, expected ${expected}`;

export const inWords = (problems: readonly Problem[]): string => {
  const listed = problems.slice(0, maxProblems).map((problem) => sentence(inBrief(problem)));
  const more = problems.length - listed.length;
  return brief([...listed, ...(more > 0 ? [moreInWords(more)] : [])].join("; "), maxMessageCharacters);
};

const moreInWords = (more: number) => `${more} more problem${more === 1 ? "" : "s"}`;

/** A problem as it appears in an error's data: the entries of Moleculer's own validation error have the same fields. */
export interface ProblemData {
  /** `required`: the field is missing. `more`: the number of omitted problems. `invalid`: any other problem. */
  type: string;
  field: string;
  message: string;
  expected: string;
  actual: unknown;
}

/** Restores a problem from another node's error. If its message does not quote `actual`, that is a description. */
export function asProblem({ field, actual: found, expected, message }: ProblemData): Problem {
  const isText = typeof found === "string" && message.startsWith(`${field}: found "`);
  return { field, found: typeof found === "string" && !isText ? described(found) : found, expected };
}

/** The first problems; a last entry contains the number of omitted ones. */
export function asData(problems: readonly Problem[]): ProblemData[] {
  const data: ProblemData[] = [];
  let bytes = 0;
  for (const problem of problems.slice(0, maxProblems)) {
    const short = inBrief(problem);
    const { field, found, expected } = short;
    const type = found === undefined ? "required" : "invalid";
    const entry = { type, field, message: sentence(short), expected, actual: portable(found) };
    bytes += Buffer.byteLength(JSON.stringify(entry));
    if (bytes > maxDataBytes && data.length > 0) break;
    data.push(entry);
  }
  const more = problems.length - data.length;
  if (more > 0) data.push({ type: "more", field: "more", message: moreInWords(more), expected: "none", actual: more });
  return data;
}
