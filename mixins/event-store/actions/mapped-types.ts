import type { ParamsOf, WithId } from "../../../core/catalogue/params-of.ts";
import type { DeclaredAnswer } from "../../../core/options/undeclared.ts";

/** The params of an incoming event by default: the payload's fields, and any others. */
export type EventParams<Payload> = Payload & Record<string, unknown>;

/** The params of a mapped action: by their schema; without one, those of a declared payload, and the entity's id. */
export type MappedParams<Schema, Payload> = unknown extends Schema
  ? string extends keyof Payload
    ? Payload
    : WithId<Payload>
  : ParamsOf<Schema>;

/** Refuses a function `payload` that returns a field that the payload does not declare. */
export interface DeclaredPayload<Given, Payload> {
  payload?: Given & DeclaredAnswer<NoInfer<Given>, Payload>;
}
