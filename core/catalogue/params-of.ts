import type { Flat } from "../options/flat.ts";
import type { DatesIn, HasDefault, PayloadOf } from "./payload-of.ts";
import type { StandardInput, StandardSchema } from "./standard-schema.ts";

/**
 * The same schema. TypeScript 5.9 infers the schemas in a decider's commands as fresh object literals, which `extends` finds
 * to have excess fields; a mapped type is not fresh.
 */
export type Regular<Schema> = 0 extends 1 & Schema
  ? Schema
  : Schema extends StandardSchema | ((...args: never[]) => unknown)
    ? Schema
    : Schema extends object
      ? { [Key in keyof Schema]: Regular<Schema[Key]> }
      : Schema;

/** The params of an action, by their schema. Undeclared ones are refused, unless it says `$$strict: false`. */
export type ParamsOf<Schema, Dates extends DatesIn = "handler"> = Schema extends StandardSchema
  ? PayloadOf<Schema, Dates>
  : Schema extends { readonly $$strict: true | "remove" }
    ? PayloadOf<Schema, Dates>
    : Schema extends { readonly $$strict: unknown }
      ? Flat<PayloadOf<Schema, Dates> & Record<string, unknown>>
      : PayloadOf<Schema, Dates>;

/** Params of which an `id` is one: the entity's, unless they declare another. */
export type WithId<Params> = Params extends readonly unknown[] | { id: unknown }
  ? Params
  : Params extends object
    ? Flat<{ id: string } & Params>
    : Params;

type WithDefault<Schema> = {
  [Name in keyof Schema]: HasDefault<Schema[Name]> extends true ? Name : never;
}[keyof Schema];

/** The params that a caller sends: those with a default may be absent. */
export type SentParams<Schema> = Schema extends StandardSchema ? StandardInput<Schema> : SentByRules<Schema>;

type SentByRules<Schema> = [WithDefault<Schema>] extends [never]
  ? ParamsOf<Schema, "call">
  : Flat<
      Omit<ParamsOf<Schema, "call">, WithDefault<Schema>> & {
        [Name in WithDefault<Schema>]?: ParamsOf<Pick<Schema, Name>, "call">[Name &
          keyof ParamsOf<Pick<Schema, Name>, "call">];
      }
    >;
