import { createHash } from "node:crypto";
import { upcastersOf, type Catalogue } from "../catalogue/catalogue.ts";
import { isPlainObject, assertKnownOptions, assertDefinition, synchronous } from "../options/options.ts";
import { typesOf, type Claim } from "./claim.ts";

type Functions = Readonly<Record<string, unknown>>;

/** The option `claims` before it is checked. */
export type ClaimsInput = Readonly<Record<string, { claim: Functions; release?: Functions; ignoreCase?: unknown }>>;

/** Checks the option `claims`. @throws DefinitionError naming the claim and the problem */
export function parseClaims(decider: string, claims: ClaimsInput, types: string[], catalogue: Catalogue): Claim[] {
  assertDefinition(isPlainObject(claims), `${decider}.claims`, claims, "{<claim>: {claim, release, ignoreCase}}");
  return Object.entries(claims).map(([name, given]) => {
    const at = `${decider}.claims.${name}`;
    assertDefinition(isPlainObject(given), at, given, "{claim, release, ignoreCase}");
    assertKnownOptions(at, given, ["claim", "release", "ignoreCase"]);
    const { ignoreCase = false } = given;
    assertDefinition(typeof ignoreCase === "boolean", `${at}.ignoreCase`, ignoreCase, "true or false");
    const functionsOf = (field: string, functions: unknown) => {
      assertDefinition(isPlainObject(functions), field, functions, "{<event type>: (event) => value}");
      return new Map(
        Object.entries(functions as object).map(([type, one]) => {
          assertDefinition(
            types.includes(type),
            `${field}["${type}"]`,
            type,
            `a type with a case in evolve: ${types.join(", ")}`,
          );
          return [type, synchronous(`${field}["${type}"]`, one) as (event: unknown) => unknown];
        }),
      );
    };
    const rules = {
      claim: functionsOf(`${at}.claim`, given.claim),
      release: functionsOf(`${at}.release`, given.release === undefined ? {} : given.release),
    };
    const functions = [...rules.claim, "release", ...rules.release].flat().map(String);
    const sources = [...functions, ...upcastersOf(catalogue, typesOf(rules))];
    const claim: Claim = {
      name,
      scope: `${decider}/${name}`,
      ignoreCase: ignoreCase as boolean,
      fingerprint: hash([String(ignoreCase), ...sources]),
      ...rules,
    };
    assertDefinition(
      claim.claim.size > 0 && typesOf(claim).length > 0,
      `${at}.claim`,
      given.claim,
      "at least one event type",
    );
    return claim;
  });
}

const hash = (parts: readonly string[]) => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
