/*
 * TypeScript does not look for excess fields in the result of a function. A definition therefore infers the type of the
 * function by a type parameter, `Given & <the function's type> & DeclaredResult<Given, …>`, and `DeclaredResult` rejects
 * fields that are not declared. It is `unknown`, which changes nothing, for every other function. Where the declared type is
 * the parameter of a generic function, a result that spreads it and adds fields needs an annotation, `(state): State => …`.
 */

/** No value has this type. The compiler's message names the field or event type that is not declared. */
export interface Undeclared<Name> {
  readonly undeclared: Name;
}

/** The keys of every member of a union. */
type KeysOf<Shape> = Shape extends unknown ? keyof Shape : never;

/**
 * The fields with a value. In a union of object literals, TypeScript adds the fields of the others as `undefined`; an index
 * signature names no field; the methods of an object are not stored.
 */
type FieldsOf<Given> = string extends keyof Given
  ? never
  : {
      [Name in keyof Given]-?: [Exclude<Given[Name], undefined>] extends [(...args: never[]) => unknown] ? never : Name;
    }[keyof Given];

/** The fields of `Given` that `Declared` does not have. A type without fields of its own declares nothing. */
export type Excess<Given, Declared> = [KeysOf<Declared>] extends [never]
  ? never
  : Given extends readonly unknown[]
    ? never
    : Given extends object
      ? Exclude<FieldsOf<Given>, KeysOf<Declared>>
      : never;

/** `Undeclared` if there are names, and `unknown`, which every value has, if not. */
export type Refuse<Names> = [Names] extends [never] ? unknown : Undeclared<Names>;

/**
 * `Undeclared` if `Given` has fields that `Declared` does not have, and `unknown`, which every value has, if not. The keys
 * are compared first: where both types are the parameter of a function, the compiler can compare nothing else.
 */
export type Declares<Given, Declared> = [KeysOf<Given>] extends [KeysOf<Declared>]
  ? unknown
  : Refuse<Excess<Given, Declared>>;

/** Refuses a function whose result has a field that `Declared` does not have. */
export type DeclaredResult<Given, Declared> = Given extends (...args: never[]) => infer Answer
  ? Declares<Answer, Declared>
  : unknown;

/** Like `DeclaredResult`, of a function whose result is awaited. */
export type DeclaredAnswer<Given, Declared> = Given extends (...args: never[]) => infer Answer
  ? Declares<Awaited<Answer>, Declared>
  : unknown;
