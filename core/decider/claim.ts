import type { ClaimChange } from "../log/log-claims.ts";
import { ValidationError } from "../errors/errors.ts";
import { InvalidDecisionError } from "./errors.ts";
import { valueAt } from "./claim-path.ts";
import { isPlainText } from "../text/plain-text.ts";

/** The argument of claim functions: an event that is stored or about to be. */
export interface ClaimingEvent<Type extends string = string, Payload = unknown> {
  readonly type: Type;
  readonly stream: string;
  readonly payload: Payload;
}

/** The second argument of claim functions: the entity of the event's stream. */
export interface ClaimingEntity {
  readonly id: string;
}

/** The value that an event claims or releases, several, or none. */
export type ClaimValue = string | number | null | undefined | readonly (string | number)[];

/** The author's function, or the path into the payload, that gives the value which an event claims or releases. */
export type ClaimRule = string | ((event: ClaimingEvent, entity: ClaimingEntity) => unknown);

/** What the events of one type change. */
export interface ClaimRules {
  readonly claim?: ClaimRule;
  readonly release?: ClaimRule;
  /** Releases every value that the stream holds. */
  readonly releasesAll?: true;
}

/** A rule of uniqueness, checked. */
export interface Claim {
  readonly name: string;
  /** The key under which its values are stored; unique to this decider and claim. */
  readonly scope: string;
  /** Equal for claims that compute values by the same rules. */
  readonly fingerprint: string;
  readonly ignoreCase: boolean;
  /** By event type. */
  readonly rules: ReadonlyMap<string, ClaimRules>;
  /** The id of the entity whose stream this is. */
  idOf(stream: string): string;
}

/** A change with the value as the rule returned it; null: every value that the stream holds. */
export type GivenChange = ClaimChange & { given: string | number | null };

const maxCharacters = 1000;
/** Bounded, so that the changes of a few events always fit into one call. */
const maxValues = 1000;

/** The event types that a claim depends on. */
export const typesOf = ({ rules }: Claim): string[] => [...rules.keys()];

/** The changes that these events make, in order; an event releases before it claims. @throws ValidationError, InvalidDecisionError */
export function claimChanges(claim: Claim, events: readonly ClaimingEvent[]): GivenChange[] {
  return events.flatMap((event) => {
    const rules = claim.rules.get(event.type) ?? {};
    const released = rules.releasesAll ? [null] : valuesOf(claim, "release", rules.release, event);
    const claimed = valuesOf(claim, "claim", rules.claim, event);
    return [
      ...released.map((given) => change(claim, given, false)),
      ...claimed.map((given) => change(claim, given, true)),
    ];
  });
}

const change = ({ ignoreCase }: Claim, given: string | number | null, claimed: boolean): GivenChange => ({
  value: given === null ? null : compared(ignoreCase, given),
  given,
  claimed,
});

/**
 * Lower, upper, lower case: "ß", "ẞ" and "SS" become equal. Normalised again, since a change of case may decompose
 * characters.
 */
const compared = (ignoreCase: boolean, given: string | number): string =>
  ignoreCase
    ? String(given).normalize("NFC").toLowerCase().toUpperCase().toLowerCase().normalize("NFC")
    : String(given);

function valuesOf(claim: Claim, operation: "claim" | "release", rule: ClaimRule | undefined, event: ClaimingEvent) {
  const at = typeof rule === "string" ? ` (payload.${rule})` : "";
  const field = `${claim.scope}: ${operation} of ${event.type}${at}`;
  const answer = typeof rule === "string" ? valueAt(field, rule, event.payload) : rule?.(event, entityOf(claim, event));
  if (answer === undefined || answer === null) return [];
  const values: unknown[] = Array.isArray(answer) ? answer : [answer];
  if (values.length > maxValues)
    throw new ValidationError([{ field, found: values, expected: `at most ${maxValues} values` }]);
  const wrong = values.findIndex((value) => !isValue(value));
  if (wrong >= 0) {
    const found = values[wrong];
    const expected = `a string of 1 to ${maxCharacters} characters (well-formed Unicode without NUL), a number, an array of them, or null`;
    // A text may be the caller's. No caller can make the rule return another type.
    throw new (typeof found === "string" ? ValidationError : InvalidDecisionError)([{ field, found, expected }]);
  }
  return values as (string | number)[];
}

/** The id is computed on demand, since most functions need none. */
const entityOf = (claim: Claim, { stream }: ClaimingEvent): ClaimingEntity => ({
  get id() {
    return claim.idOf(stream);
  },
});

const isValue = (value: unknown): value is string | number =>
  isPlainText(value, maxCharacters) || Number.isFinite(value);
