import imported, { type CompilationFunction } from "fastest-validator";
import { isoDate } from "../rows/fields.ts";

/** Members that the published types omit. */
interface Untyped {
  customFunctions: Record<string, (value: unknown) => unknown>;
  getRuleFromSchema(rule: unknown): object;
  compileRule(rule: object, context: object, path: string, innerSource: string, resultVariable: string): string;
}

// The published types declare an ES module's default export; at run time the import is the class itself.
const FastestValidator = imported as unknown as typeof imported.default;
type Validator = InstanceType<typeof FastestValidator> & Untyped;

/** fastest-validator configured as Moleculer does for `params`, with its rules `date` and `multi` replaced. */
export const payloadValidator = new FastestValidator({
  haltOnFirstError: false,
  useNewCustomCheckerFunction: true,
}) as Validator;

// Compiled rules are source text: these functions are all that they can reach.
Object.assign(payloadValidator.customFunctions, {
  isoDate,
  fromTime: (value: unknown) => isoDate(typeof value === "number" ? new Date(value) : value),
  copyOf: (value: unknown) => (typeof value === "object" ? structuredClone(value) : value),
});

/** Payloads are JSON, so a date is a string. With `convert`, the rule also accepts milliseconds and writes UTC. */
const dateRule: CompilationFunction = function (this: Validator, { schema, messages }) {
  const convert = schema["convert"] === true;
  return {
    source: `
      var iso = context.customFunctions.${convert ? "fromTime" : "isoDate"}(value);
      if (iso === undefined) ${this.makeError({ type: "date", actual: "value", messages })}
      return ${convert ? "iso" : "value"};`,
  };
};

/**
 * fastest-validator passes the same value to all alternatives, so a conversion by one that then fails reaches the next.
 * Here each alternative gets a copy, and its findings are kept separate.
 */
const multiRule: CompilationFunction = function (this: Validator, { schema, messages }, path, context) {
  const alternatives = (schema["rules"] as unknown[]).map((alternative) => {
    const inner = "sanitized = context.fn[%%INDEX%%](value, field, parent, found, context, label);";
    return `
      if (!isValid) {
        found = [];
        value = sanitized = context.customFunctions.copyOf(given);
        ${this.compileRule(this.getRuleFromSchema(alternative), context, path, inner, "sanitized")}
        found = found.concat(errors.splice(before));
        isValid = found.length === 0;
        if (!isValid) alternatives.push(found);
      }`;
  });
  return {
    source: `
      var given = value, before = errors.length, isValid = false, alternatives = [], found, sanitized;
      ${alternatives.join("\n")}
      if (isValid) return sanitized;
      ${this.makeError({ type: "multi", expected: "alternatives", actual: "given", messages })}
      return given;`,
  };
};

payloadValidator.add("date", dateRule);
payloadValidator.add("multi", multiRule);
payloadValidator.addMessage("multi", "");
