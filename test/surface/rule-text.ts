type Rule = Readonly<Record<string, unknown>>;

const isRule = (found: unknown): found is Rule =>
  typeof found === "object" && found !== null && !Array.isArray(found) && !(found instanceof RegExp);

/** A param with its rule, and each property below it, a line each: `change.skip.id: string|max:255`. */
export function ruleLines(name: string, rule: unknown): string[] {
  const { props, items } = isRule(rule) ? rule : {};
  return [
    `${name}: ${ruleText(rule)}`,
    ...(isRule(props) ? propLines(name, props) : []),
    ...(isRule(items) && isRule(items["props"]) ? propLines(`${name}[]`, items["props"]) : []),
  ];
}

const propLines = (name: string, props: Rule) =>
  Object.entries(props)
    .toSorted(byName)
    .flatMap(([prop, rule]) => ruleLines(`${name}.${prop}`, rule));

/** A rule in the validator's own short form: `number|integer|min:0`. */
function ruleText(rule: unknown): string {
  if (Array.isArray(rule)) return rule.map(ruleText).join(" or ");
  if (!isRule(rule)) return String(rule);
  const { type, rules, props: _, items, messages: __, ...options } = rule;
  if (type === undefined) return valueText(rule);
  const nested = items === undefined ? "" : `(${ruleText(items)})`;
  const kind = type === "multi" ? ruleText(rules) : `${type as string}${nested}`;
  return [kind, ...Object.entries(options).toSorted(byName).map(optionText)].join("|");
}

const optionText = ([name, value]: [string, unknown]) => (value === true ? name : `${name}:${valueText(value)}`);

/** Of a function, only that it is there: its text is no part of the surface. */
const valueText = (value: unknown): string => {
  if (typeof value === "function") return "function";
  return value instanceof RegExp ? String(value) : JSON.stringify(value);
};

export const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
