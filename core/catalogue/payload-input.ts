/**
 * A payload before it is stored as JSON: an optional field may be undefined, even with `exactOptionalPropertyTypes`, since
 * JSON omits it. It cannot omit an item of an array.
 */
export type PayloadInput<Payload> = Payload extends (...args: never[]) => unknown
  ? Payload
  : Payload extends readonly unknown[]
    ? { [Index in keyof Payload]: PayloadInput<Payload[Index]> }
    : Payload extends object
      ? { [Field in keyof Payload]: PayloadInput<Payload[Field]> | OrUndefined<Payload, Field> }
      : Payload;

type OrUndefined<Payload, Field extends keyof Payload> =
  Partial<Pick<Payload, Field>> extends Pick<Payload, Field> ? undefined : never;
