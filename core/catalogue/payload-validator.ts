import imported, { type CompilationFunction } from "fastest-validator";
import { isoDate } from "../rows/fields.ts";

/** What the published types leave out. */
interface Untyped {
  customFunctions: Record<string, (value: unknown) => unknown>;
  getRuleFromSchema(rule: unknown): object;
  compileRule(rule: object, context: object, path: string, innerSource: string, resultVariable: string): string;
}

// Its types declare the export of an ES module; what is imported is the class itself.
const FastestValidator = imported as unknown as typeof imported.default;
type Validator = InstanceType<typeof FastestValidator> & Untyped;

/** fastest-validator as Moleculer sets it up for `params`, with two rules of our own. */
export const payloadValidator = new FastestValidator({
  haltOnFirstError: false,
  useNewCustomCheckerFunction: true,
}) as Validator;

// The source of a compiled rule reaches outside only by way of these.
Object.assign(payloadValidator.customFunctions, {
  isoDate,
  fromTime: (value: unknown) => isoDate(typeof value === "number" ? new Date(value) : value),
  copyOf: (value: unknown) => (typeof value === "object" ? structuredClone(value) : value),
});

/** Payloads are JSON, in which a date is a string; `convert` takes milliseconds as well and writes UTC. */
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
 * fastest-validator's own hands all alternatives the same value, and so what one has converted before it failed to the
 * next. Here each gets a copy, and the findings stay apart, by alternative.
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
