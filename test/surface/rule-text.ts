type Rule = Readonly<Record<string, unknown>>;

const isRule = (found: unknown): found is Rule =>
  typeof found === "object" && found !== null && !Array.isArray(found) && !(found instanceof RegExp);

/** A validator's rule in one line, in the validator's own short form: `number|integer|min:0`. */
export function ruleText(rule: unknown): string {
  if (Array.isArray(rule)) return rule.map(ruleText).join(" or ");
  if (!isRule(rule)) return String(rule);
  const { type, rules, props, items, messages: _, ...options } = rule;
  if (type === undefined) return valueText(rule);
  const nested = [
    ...(props === undefined ? [] : [`(${propsText(props as Rule)})`]),
    ...(items === undefined ? [] : [`(${ruleText(items)})`]),
  ];
  const kind = type === "multi" ? ruleText(rules) : `${type as string}${nested.join("")}`;
  return [kind, ...Object.entries(options).toSorted(byName).map(optionText)].join("|");
}

const propsText = (props: Rule) =>
  Object.entries(props)
    .toSorted(byName)
    .map(([name, rule]) => `${name}: ${ruleText(rule)}`)
    .join("; ");

const optionText = ([name, value]: [string, unknown]) => (value === true ? name : `${name}:${valueText(value)}`);

/** Of a function, only that it is there: its text is no part of the surface. */
const valueText = (value: unknown): string => {
  if (typeof value === "function") return "function";
  return value instanceof RegExp ? String(value) : JSON.stringify(value);
};

export const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
