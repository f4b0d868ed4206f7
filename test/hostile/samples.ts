import type { ActionSchema, Context, Middleware } from "moleculer";

type Rule = NonNullable<ActionSchema["params"]>[string];

/** Params that an action was called with. */
export type Sample = Readonly<Record<string, unknown>>;

/** Limit per action: more would be repetitions. */
const mostPerAction = 3;

/** Collects the params of actions during normal work: hostile calls are derived from these. */
export class Samples {
  readonly #byAction = new Map<string, Map<string, Sample>>();

  readonly middleware: Middleware = {
    localAction: (next, { name = "" }) => {
      const note = (params: unknown) => this.#note(name, params);
      return function (ctx: Context) {
        note(ctx.params);
        return next.call(this, ctx);
      };
    },
  };

  /** Ignores params that are not JSON. One sample per set of params. */
  #note(action: string, params: unknown): void {
    if (params === null || typeof params !== "object") return;
    const kinds = this.#byAction.get(action) ?? new Map<string, Sample>();
    const kind = Object.keys(params).toSorted().join();
    if (kinds.has(kind) || kinds.size === mostPerAction) return;
    try {
      kinds.set(kind, JSON.parse(JSON.stringify(params)) as Sample);
    } catch {
      // A hostile call comes through here as well.
      return;
    }
    this.#byAction.set(action, kinds);
  }

  /** The collected samples, and one by the rules of the params, some of which may never have been used. */
  of({ name = "", params = {} }: Pick<ActionSchema, "name" | "params">): Sample[] {
    const declared = Object.entries(params).filter(([param]) => !param.startsWith("$$"));
    const byRules = Object.fromEntries(declared.map(([param, rule]) => [param, valueOf(rule)]));
    return [...(this.#byAction.get(name)?.values() ?? []), byRules];
  }
}

/** A value that a rule accepts, or nearly accepts. */
function valueOf(rule: Rule): unknown {
  if (Array.isArray(rule)) return valueOf(rule[0] as Rule);
  const text = typeof rule === "string" ? rule : ((rule as { type?: string } | null)?.type ?? "any");
  const { values, value, default: fallback } = (typeof rule === "object" ? rule : {}) as Record<string, unknown>;
  if (fallback !== undefined) return fallback;
  if (text.startsWith("number")) return 1;
  if (text.startsWith("boolean")) return true;
  if (text.startsWith("array")) return [];
  if (text.startsWith("object")) return {};
  if (text.startsWith("uuid")) return "0198c5a2-5f00-7000-8000-000000000000";
  if (text.startsWith("enum")) return (values as unknown[])[0];
  return text.startsWith("equal") ? value : "x";
}
