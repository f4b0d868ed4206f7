import type { Context } from "moleculer";
import lodash from "lodash";

type Document = Record<string, unknown>;
type Names = readonly string[] | null | undefined;
type Rule = {
  field?: string;
  action?: string;
  params?: object;
  populate?: readonly string[];
  handler?: (this: unknown, ids: unknown[], documents: Document[], rule: Rule, ctx: Context) => unknown;
};
type Self = { settings: object };
type Settings = { fields?: readonly string[] | null; populates?: Record<string, unknown> | null };

/** moleculer-db's methods for documents: ids, fields and populates. A service may replace them. */
export const documentMethods = {
  encodeID: (id: unknown): unknown => id,

  decodeID: (id: unknown): unknown => id,

  /** Only the fields with these names or paths. A step `$` stands for each element of an array. */
  filterFields(document: Document, names: Names): Document {
    if (!Array.isArray(names)) return document;
    const filtered: Document = {};
    for (const name of names as string[]) copyPath(document, lodash.toPath(name), filtered, []);
    return filtered;
  },

  /** All but the fields with these names or paths. */
  excludeFields(document: Document, names: Names): Document {
    if (!Array.isArray(names) || names.length === 0) return document;
    const copy = lodash.cloneDeep(document);
    for (const name of names as string[]) lodash.unset(copy, name);
    return copy;
  },

  /** The requested names that the setting `fields` allows: equal, within one, or with ones within. */
  authorizeFields(this: Self, asked: Names): Names {
    const { fields } = this.settings as Settings;
    if (!fields || fields.length === 0) return asked;
    return (asked ?? []).flatMap((name) => {
      const isAllowed = fields.some((field) => name === field || name.startsWith(`${field}.`));
      return isAllowed ? [name] : fields.filter((field) => field.startsWith(`${name}.`));
    });
  },

  /** Replaces ids in the documents by what the rules of the setting `populates` return for them. */
  async populateDocs(this: Self, ctx: Context, documents: Document | Document[], names: Names): Promise<unknown> {
    const { populates } = this.settings as Settings;
    if (!populates || !Array.isArray(names) || !lodash.isObject(documents)) return documents;
    const declared = Object.keys(populates);
    const rules = lodash.groupBy(names as string[], (name) =>
      declared.find((field) => name === field || name.startsWith(`${field}.`)),
    );
    const list = Array.isArray(documents) ? documents : [documents];
    await Promise.all(
      declared
        .filter((field) => rules[field])
        .map((field) => populateField.call(this, ctx, list, field, ruleOf(field, populates[field]), rules[field]!)),
    );
    return documents;
  },
};

function ruleOf(field: string, given: unknown): Rule {
  if (typeof given === "function") return { field, handler: given as NonNullable<Rule["handler"]> };
  return typeof given === "string" ? { field, action: given } : { field, ...(given as Rule) };
}

async function populateField(
  this: Self,
  ctx: Context,
  documents: Document[],
  name: string,
  rule: Rule,
  asked: readonly string[],
): Promise<void> {
  const field = rule.field!;
  const references = lodash.compact(documents.map((document): unknown => lodash.get(document, field)));
  const ids: unknown[] = lodash.uniq(lodash.flattenDeep(references));
  if (rule.handler) return void (await rule.handler.call(this, ids, documents, rule, ctx));
  if (ids.length === 0) return;
  // The rest of a path is for the service that is called.
  const nested = asked.map((path) => path.slice(name.length + 1)).filter((path) => path !== "");
  const populate = [...nested, ...(rule.populate ?? [])];
  const params = { id: ids, mapping: true, ...(populate.length > 0 && { populate }), ...rule.params };
  const found = await ctx.call<Record<string, unknown>, object>(rule.action!, params);
  for (const document of documents) {
    const id: unknown = lodash.get(document, field);
    const one = Array.isArray(id) ? lodash.compact(id.map((each) => found[String(each)])) : found[String(id)];
    lodash.set(document, name, one);
  }
}

type Step = { name: string | number; isArray?: boolean };

/** Copies the value at a path, with arrays where the source has arrays. */
function copyPath(from: unknown, path: readonly string[], into: Document, steps: readonly Step[]): void {
  const [step, ...rest] = path;
  if (step === undefined) return setAt(into, steps, from);
  const last = steps.at(-1);
  if (Array.isArray(from) && step === "$") {
    const inArray = last ? [...steps.slice(0, -1), { ...last, isArray: true }] : steps;
    for (const [index, element] of from.entries()) copyPath(element, rest, into, [...inArray, { name: index }]);
  } else if (from !== null && from !== undefined && Object.hasOwn(from, step)) {
    const above = last && Array.isArray(from) ? [...steps.slice(0, -1), { ...last, isArray: true }] : steps;
    copyPath((from as Document)[step], rest, into, [...above, { name: step }]);
  }
}

function setAt(into: Document, steps: readonly Step[], value: unknown): void {
  let at = into;
  for (const { name, isArray } of steps.slice(0, -1)) {
    if (!Object.hasOwn(at, name)) at[name] = isArray ? [] : {};
    at = at[name] as Document;
  }
  at[steps.at(-1)!.name] = value;
}
