import type { ClaimChange } from "../log/claims.ts";
import { ValidationError } from "../errors/errors.ts";
import { isPlainText } from "../text/plain-text.ts";

/** The argument of claim functions: an event that is stored or about to be. */
export interface ClaimingEvent<Type extends string = string, Payload = unknown> {
  readonly type: Type;
  readonly stream: string;
  readonly payload: Payload;
}

/** The value that an event claims or releases, several, or none. */
export type ClaimValue = string | number | null | undefined | readonly (string | number)[];

type ClaimFunction = (event: ClaimingEvent) => unknown;

/** A rule of uniqueness, checked. */
export interface Claim {
  readonly name: string;
  /** The key under which its values are stored; unique to this decider and claim. */
  readonly scope: string;
  /** Equal for claims that compute values with the same functions. */
  readonly fingerprint: string;
  readonly ignoreCase: boolean;
  readonly claim: ReadonlyMap<string, ClaimFunction>;
  readonly release: ReadonlyMap<string, ClaimFunction>;
}

/** A change with the value as the function returned it. */
export type GivenChange = ClaimChange & { given: string | number };

const maxCharacters = 1000;
/** Bounded, so that the changes of a few events always fit into one call. */
const maxValues = 1000;

/** The event types that a claim depends on. */
export const typesOf = ({ claim, release }: Pick<Claim, "claim" | "release">): string[] => [
  ...new Set([...claim.keys(), ...release.keys()]),
];

/** The changes that these events make, in order; an event releases before it claims. @throws ValidationError */
export function claimChanges(claim: Claim, events: readonly ClaimingEvent[]): GivenChange[] {
  return events.flatMap((event) => [
    ...valuesOf(claim, "release", event).map((given) => ({ ...change(claim, given), claimed: false })),
    ...valuesOf(claim, "claim", event).map((given) => ({ ...change(claim, given), claimed: true })),
  ]);
}

const change = ({ ignoreCase }: Claim, given: string | number) => ({ value: compared(ignoreCase, given), given });

/**
 * Lower, upper, lower case: "ß", "ẞ" and "SS" become equal. Normalised again, since a change of case may decompose
 * characters.
 */
const compared = (ignoreCase: boolean, given: string | number): string =>
  ignoreCase
    ? String(given).normalize("NFC").toLowerCase().toUpperCase().toLowerCase().normalize("NFC")
    : String(given);

function valuesOf(claim: Claim, operation: "claim" | "release", event: ClaimingEvent): (string | number)[] {
  const answer = claim[operation].get(event.type)?.(event);
  if (answer === undefined || answer === null) return [];
  const values: unknown[] = Array.isArray(answer) ? answer : [answer];
  if (values.length > maxValues)
    throw new ValidationError([
      {
        field: `${claim.scope}: ${operation} of ${event.type}`,
        found: values,
        expected: `at most ${maxValues} values`,
      },
    ]);
  const wrong = values.findIndex((value) => !isValue(value));
  if (wrong >= 0)
    throw new ValidationError([
      {
        field: `${claim.scope}: ${operation} of ${event.type}`,
        found: values[wrong],
        expected: `a string of 1 to ${maxCharacters} characters (well-formed Unicode without NUL), a number, an array of them, or null`,
      },
    ]);
  return values as (string | number)[];
}

const isValue = (value: unknown): value is string | number =>
  isPlainText(value, maxCharacters) || Number.isFinite(value);
