/*
 * The type of the values that fastest-validator or a Standard Schema accepts, inferred from the schema. Rules that do not determine a type
 * (a custom checker, an unknown rule) are `unknown`.
 */
import type { Flat } from "../options/flat.ts";
import type { StandardInput, StandardOutput, StandardSchema } from "./standard-schema.ts";

/** What a `date` is: a string in a payload, which is JSON; a Date for the handler of params; and what their caller sends. */
export type DatesIn = "payload" | "handler" | "call";

type DateValue<Dates extends DatesIn, Converts> = Dates extends "payload"
  ? string
  : Dates extends "handler"
    ? Date
    : Converts extends true
      ? string | number | Date
      : Date;

/** The type that a rule's name alone determines. */
interface NamedTypes {
  string: string;
  email: string;
  url: string;
  uuid: string;
  mac: string;
  luhn: string;
  currency: string;
  objectID: string;
  number: number;
  boolean: boolean;
  object: Record<string, unknown>;
  record: Record<string, unknown>;
  array: unknown[];
  tuple: unknown[];
  forbidden: undefined;
}

/** The parts of a shorthand: `"string|min:3|optional"`. */
type Split<Text extends string> = Text extends `${infer Head}|${infer Rest}` ? Head | Split<Rest> : Text;
type Head<Text extends string> = Text extends `${infer First}|${string}` ? First : Text;

type Named<Name extends string, Dates extends DatesIn, Converts = false> = Name extends `${infer Of}[]`
  ? Named<Of, Dates>[]
  : Name extends "date"
    ? DateValue<Dates, Converts>
    : Name extends keyof NamedTypes
      ? NamedTypes[Name]
      : unknown;

type ShorthandValue<Text extends string, Dates extends DatesIn> =
  Head<Text> extends `${infer Name}?` ? Named<Name, Dates, Converts<Text>> : Named<Head<Text>, Dates, Converts<Text>>;

type Flag<Text extends string, Name extends string> = Name extends Split<Text> ? true : false;

type Converts<Rule> = Rule extends string
  ? true extends Flag<Rule, "convert" | "convert:true">
    ? true
    : false
  : Rule extends { readonly convert: true }
    ? true
    : false;

/** Whether a rule sets `Name: true`; for a union of rules, whether every one does. */
type Says<Rule, Name extends "optional" | "nullable"> = Rule extends string
  ? Name extends "optional"
    ? Head<Rule> extends `${string}?`
      ? true
      : Flag<Rule, Name>
    : Flag<Rule, Name>
  : Rule extends readonly unknown[]
    ? false extends Says<Rule[number], Name>
      ? false
      : true
    : Rule extends { readonly $$type: infer Type }
      ? Says<Type, Name>
      : Rule extends { readonly [Key in Name]: true }
        ? true
        : false;

/** A default is filled in before the payload is stored, so the field is always present. */
export type HasDefault<Rule> = Rule extends string
  ? Extract<Split<Rule>, `default:${string}`> extends never
    ? false
    : true
  : Rule extends { readonly default: unknown }
    ? true
    : false;

type MayBeAbsent<Rule> = Rule extends StandardSchema
  ? undefined extends StandardOutput<Rule>
    ? true
    : false
  : Says<Rule, "optional"> extends true
    ? HasDefault<Rule> extends true
      ? false
      : true
    : false;

/** fastest-validator treats null as absent: it accepts null wherever a field may be absent. */
type OrNull<Rule, Value> = true extends Says<Rule, "nullable"> | MayBeAbsent<Rule> ? Value | null : Value;

type Props<Shape, Dates extends DatesIn> = Flat<
  {
    -readonly [
      Key in keyof Shape as Key extends symbol | `$$${string}`
        ? never
        : MayBeAbsent<Shape[Key]> extends true
          ? never
          : Key
    ]: ValueOf<Shape[Key], Dates>;
  } & {
    -readonly [
      Key in keyof Shape as Key extends symbol | `$$${string}`
        ? never
        : MayBeAbsent<Shape[Key]> extends true
          ? Key
          : never
    ]?: ValueOf<Shape[Key], Dates>;
  }
>;

type Tuple<Items, Dates extends DatesIn> = Items extends readonly unknown[]
  ? { -readonly [Index in keyof Items]: ValueOf<Items[Index], Dates> }
  : unknown[];

type ObjectRule<Rule, Dates extends DatesIn> = Rule extends
  { readonly props: infer Shape } | { readonly properties: infer Shape }
  ? Props<Shape, Dates>
  : Record<string, unknown>;

type TypedRule<Rule, Type, Dates extends DatesIn> = Type extends "object"
  ? ObjectRule<Rule, Dates>
  : Type extends "array"
    ? (Rule extends { readonly items: infer Items }
        ? ValueOf<Items, Dates>
        : Rule extends { readonly enum: readonly (infer Literal)[] }
          ? Literal
          : unknown)[]
    : Type extends "string"
      ? Rule extends { readonly enum: readonly (infer Literal)[] }
        ? Literal
        : string
      : Type extends "enum"
        ? Rule extends { readonly values: readonly (infer Literal)[] }
          ? Literal
          : unknown
        : Type extends "multi"
          ? Rule extends { readonly rules: readonly (infer One)[] }
            ? AnyOf<One, Dates>
            : unknown
          : Type extends "equal"
            ? Rule extends { readonly value: infer Literal; readonly strict: true }
              ? Literal
              : unknown
            : Type extends "tuple"
              ? Rule extends { readonly items: infer Items }
                ? Tuple<Items, Dates>
                : unknown[]
              : Type extends "record"
                ? Record<string, Rule extends { readonly value: infer Value } ? ValueOf<Value, Dates> : unknown>
                : Type extends string
                  ? Named<Type, Dates, Converts<Rule>>
                  : unknown;

type RuleValue<Rule, Dates extends DatesIn> = Rule extends string
  ? ShorthandValue<Rule, Dates>
  : Rule extends readonly (infer One)[]
    ? AnyOf<One, Dates>
    : Rule extends { readonly $$type: string }
      ? Props<Rule, Dates>
      : Rule extends { readonly type: infer Type }
        ? TypedRule<Rule, Type, Dates>
        : unknown;

/** What a caller sends of a Standard Schema, or its result. */
export type StandardValue<Schema, Dates extends DatesIn> = Dates extends "call"
  ? StandardInput<Schema>
  : StandardOutput<Schema>;

type ValueOf<Rule, Dates extends DatesIn> =
  IsAny<Rule> extends true
    ? unknown
    : Rule extends StandardSchema
      ? StandardValue<Rule, Dates>
      : OrNull<Rule, RuleValue<Rule, Dates>>;

/** The value of one of several alternatives. Whether null may mean "absent" is decided for all of them together. */
type AnyOf<Rule, Dates extends DatesIn> =
  IsAny<Rule> extends true ? unknown : Rule extends unknown ? RuleValue<Rule, Dates> : never;

/** `any` matches every rule and would recurse without end. */
type IsAny<Rule> = 0 extends 1 & Rule ? true : false;

/** The payload that a schema accepts: an object's fields, or with `$$root` any value; of a Standard Schema, its output. */
export type PayloadOf<Schema, Dates extends DatesIn = "payload"> =
  IsAny<Schema> extends true
    ? unknown
    : Schema extends StandardSchema
      ? StandardValue<Schema, Dates>
      : Schema extends readonly (infer One)[]
        ? AnyOf<One, Dates>
        : Schema extends { readonly $$root: true }
          ? ValueOf<Schema, Dates>
          : Schema extends object
            ? Props<Schema, Dates>
            : Record<string, unknown>;
