import { createHash } from "node:crypto";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { readRules } from "../catalogue/stored-types.ts";
import { entityIdOf } from "../event/entity-id.ts";
import { isPlainObject, assertKnownOptions, assertDefinition, synchronous } from "../options/options.ts";
import { assertClaimPath } from "./claim-path.ts";
import type { Claim, ClaimRule, ClaimRules } from "./claim.ts";

type RulesByType = Readonly<Record<string, unknown>>;

/** The option `claims` before it is checked. */
export type ClaimsInput = Readonly<
  Record<
    string,
    {
      claim?: RulesByType;
      replace?: RulesByType;
      release?: RulesByType | readonly unknown[];
      version?: unknown;
      ignoreCase?: unknown;
    }
  >
>;

/** What the claims of a decider are checked against. */
interface Decider {
  name: string;
  streamOf: (id: string) => string;
  /** The event types that have a case in `evolve`. */
  types: readonly string[];
  catalogue: Catalogue;
}

const known = ["claim", "replace", "release", "version", "ignoreCase"];
const rulesExpected = '{<event type>: "path in the payload" or (event, {id}) => value}';

/** Checks the option `claims`. @throws DefinitionError naming the claim and the problem */
export function parseClaims(decider: Decider, claims: ClaimsInput): Claim[] {
  const at = `${decider.name}.claims`;
  assertDefinition(isPlainObject(claims), at, claims, `{<claim>: {${known.join(", ")}}}`);
  return Object.entries(claims).map(([name, given]) => parseClaim(decider, `${at}.${name}`, name, given));
}

function parseClaim(decider: Decider, at: string, name: string, given: ClaimsInput[string]): Claim {
  assertDefinition(isPlainObject(given), at, given, `{${known.join(", ")}}`);
  assertKnownOptions(at, given, known);
  const { version, ignoreCase = false } = given;
  assertDefinition(typeof ignoreCase === "boolean", `${at}.ignoreCase`, ignoreCase, "true or false");
  const isVersion = version === undefined || typeof version === "string" || Number.isFinite(version);
  assertDefinition(isVersion, `${at}.version`, version, "a string or a number");
  const rules = parseRules(decider, at, given);
  const isClaiming = [...rules.values()].some(({ claim }) => claim !== undefined);
  assertDefinition(isClaiming, `${at}.claim`, given.claim, "at least one event type, here or in replace");
  return {
    name,
    scope: `${decider.name}/${name}`,
    ignoreCase: ignoreCase as boolean,
    fingerprint: fingerprintOf(decider, rules, { version, ignoreCase }),
    rules,
    idOf: (stream) => entityIdOf(stream, decider.streamOf),
  };
}

function parseRules(decider: Decider, at: string, given: ClaimsInput[string]): Map<string, ClaimRules> {
  const rules = new Map<string, ClaimRules>();
  const add = (type: string, more: ClaimRules) => rules.set(type, { ...rules.get(type), ...more });
  const { claim = {}, release = {}, replace = {} } = given;
  for (const [type, rule] of rulesIn(decider, `${at}.claim`, claim)) add(type, { claim: rule });
  if (Array.isArray(release)) {
    for (const [index, type] of release.entries()) {
      assertType(decider, `${at}.release[${index}]`, type);
      add(type as string, { releasesAll: true });
    }
  } else
    for (const [type, rule] of rulesIn(decider, `${at}.release`, release as RulesByType)) add(type, { release: rule });
  for (const [type, rule] of rulesIn(decider, `${at}.replace`, replace)) {
    assertDefinition(!rules.has(type), `${at}.replace["${type}"]`, type, "a type without a rule in claim and release");
    add(type, { claim: rule, releasesAll: true });
  }
  return rules;
}

function rulesIn(decider: Decider, at: string, given: RulesByType): [type: string, rule: ClaimRule][] {
  assertDefinition(isPlainObject(given), at, given, rulesExpected);
  return Object.entries(given).map(([type, rule]) => {
    const field = `${at}["${type}"]`;
    assertType(decider, field, type);
    if (typeof rule !== "string") {
      assertDefinition(
        typeof rule === "function",
        field,
        rule,
        "a path in the payload, or a function (event, {id}) => value",
      );
      return [type, synchronous(field, rule) as Exclude<ClaimRule, string>];
    }
    assertClaimPath(field, rule, decider.catalogue.entries.get(type)?.payload);
    return [type, rule];
  });
}

function assertType({ types }: Decider, field: string, type: unknown): void {
  const isKnown = types.includes(type as string);
  assertDefinition(isKnown, field, type, `a type with a case in evolve: ${types.join(", ")}`);
}

/** With a version, the texts of functions are no part of it, so that compiled code has the claims of its source. */
function fingerprintOf(
  { catalogue }: Decider,
  rules: ReadonlyMap<string, ClaimRules>,
  { version, ignoreCase }: { version: unknown; ignoreCase: unknown },
): string {
  const textOf = (rule: ClaimRule | undefined) =>
    typeof rule === "function" ? [version === undefined ? String(rule) : "function"] : rule;
  const parts = [...rules]
    .map(([type, { claim, release, releasesAll }]) => [type, textOf(claim), textOf(release), releasesAll])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const { schemaVersions, readAs } = readRules(catalogue, (type) => rules.has(type));
  return createHash("sha256")
    .update(JSON.stringify([version, ignoreCase, parts, [...schemaVersions, ...readAs]]))
    .digest("hex");
}
