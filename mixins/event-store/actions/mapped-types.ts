import type { ActionSchema } from "moleculer";
import type { ParamsOf, SentParams, WithId } from "../../../core/catalogue/params-of.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { Flat } from "../../../core/options/flat.ts";
import type { DeclaredAnswer } from "../../../core/options/undeclared.ts";

/** The params of an incoming event by default: the payload's fields, and any others. */
export type EventParams<Payload> = Payload & Record<string, unknown>;

/** The params of a mapped action: by their schema; without one, those of a declared payload, and the entity's id. */
export type MappedParams<Schema, Payload> = unknown extends Schema
  ? string extends keyof Payload
    ? Payload
    : WithId<Payload>
  : ParamsOf<Schema>;

/** The action that `mapAction` creates. */
export type MappedAction<Params = unknown, Event = RecordedEvent> = ActionSchema & {
  /** For the compiler only: what callers send, and the event that is stored. */
  readonly types?: { params: Params; event: Event };
};

/** What a caller of a mapped action sends. The `id` may be absent if the action names its stream. */
export type SentToMapped<Schema, Payload, Stream> = unknown extends Schema
  ? string extends keyof Payload
    ? Payload
    : Payload extends readonly unknown[] | { id: unknown }
      ? Payload
      : Flat<(unknown extends Stream ? { id: string | number } : { id?: string | number }) & Payload>
  : SentParams<Schema>;

/** Infers `stream`. Infers `payload`, and refuses a function that returns a field that the payload does not declare. */
export interface DeclaredPayload<Given, Payload, Stream> {
  payload?: Given & DeclaredAnswer<NoInfer<Given>, Payload>;
  stream?: Stream;
}
