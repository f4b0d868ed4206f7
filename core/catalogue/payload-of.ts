/*
 * The type of the values that fastest-validator accepts, inferred from the schema. Rules that do not determine a type
 * (a custom checker, an unknown rule) are `unknown`. A payload is JSON, so a `date` is a string here.
 */
import type { Flat } from "../options/flat.ts";

/** The type that a rule's name alone determines. */
interface NamedTypes {
  string: string;
  email: string;
  url: string;
  uuid: string;
  mac: string;
  luhn: string;
  date: string;
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

type Named<Name extends string> = Name extends `${infer Of}[]`
  ? Named<Of>[]
  : Name extends keyof NamedTypes
    ? NamedTypes[Name]
    : unknown;

type ShorthandValue<Text extends string> = Head<Text> extends `${infer Name}?` ? Named<Name> : Named<Head<Text>>;

type Flag<Text extends string, Name extends string> = Name extends Split<Text> ? true : false;

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

type MayBeAbsent<Rule> = Says<Rule, "optional"> extends true ? (HasDefault<Rule> extends true ? false : true) : false;

/** fastest-validator treats null as absent: it accepts null wherever a field may be absent. */
type OrNull<Rule, Value> = true extends Says<Rule, "nullable"> | MayBeAbsent<Rule> ? Value | null : Value;

type Props<Shape> = Flat<
  {
    -readonly [
      Key in keyof Shape as Key extends `$$${string}` ? never : MayBeAbsent<Shape[Key]> extends true ? never : Key
    ]: ValueOf<Shape[Key]>;
  } & {
    -readonly [
      Key in keyof Shape as Key extends `$$${string}` ? never : MayBeAbsent<Shape[Key]> extends true ? Key : never
    ]?: ValueOf<Shape[Key]>;
  }
>;

type Tuple<Items> = Items extends readonly unknown[]
  ? { -readonly [Index in keyof Items]: ValueOf<Items[Index]> }
  : unknown[];

type ObjectRule<Rule> = Rule extends { readonly props: infer Shape } | { readonly properties: infer Shape }
  ? Props<Shape>
  : Record<string, unknown>;

type TypedRule<Rule, Type> = Type extends "object"
  ? ObjectRule<Rule>
  : Type extends "array"
    ? (Rule extends { readonly items: infer Items }
        ? ValueOf<Items>
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
            ? AnyOf<One>
            : unknown
          : Type extends "equal"
            ? Rule extends { readonly value: infer Literal; readonly strict: true }
              ? Literal
              : unknown
            : Type extends "tuple"
              ? Rule extends { readonly items: infer Items }
                ? Tuple<Items>
                : unknown[]
              : Type extends "record"
                ? Record<string, Rule extends { readonly value: infer Value } ? ValueOf<Value> : unknown>
                : Type extends string
                  ? Named<Type>
                  : unknown;

type RuleValue<Rule> = Rule extends string
  ? ShorthandValue<Rule>
  : Rule extends readonly (infer One)[]
    ? AnyOf<One>
    : Rule extends { readonly $$type: string }
      ? Props<Rule>
      : Rule extends { readonly type: infer Type }
        ? TypedRule<Rule, Type>
        : unknown;

type ValueOf<Rule> = IsAny<Rule> extends true ? unknown : OrNull<Rule, RuleValue<Rule>>;

/** The value of one of several alternatives. Whether null may mean "absent" is decided for all of them together. */
type AnyOf<Rule> = IsAny<Rule> extends true ? unknown : Rule extends unknown ? RuleValue<Rule> : never;

/** `any` matches every rule and would recurse without end. */
type IsAny<Rule> = 0 extends 1 & Rule ? true : false;

/** The payload that a fastest-validator schema accepts: an object's fields, or with `$$root` any value. */
export type PayloadOf<Schema> =
  IsAny<Schema> extends true
    ? unknown
    : Schema extends readonly (infer One)[]
      ? AnyOf<One>
      : Schema extends { readonly $$root: true }
        ? ValueOf<Schema>
        : Schema extends object
          ? Props<Schema>
          : Record<string, unknown>;
