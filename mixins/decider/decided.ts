import type { PayloadInput } from "../../core/catalogue/payload-input.ts";
import type { EventMap } from "../../core/event/recorded-event.ts";

/** An event that `decide` returns. The payload may be omitted if the type allows an empty one. */
export type Decided<Events extends EventMap> = {
  [Type in keyof Events & string]: {
    type: Type;
    meta?: Record<string, unknown>;
  } & (Record<string, never> extends Events[Type]
    ? { payload?: PayloadInput<Events[Type]> }
    : { payload: PayloadInput<Events[Type]> });
}[keyof Events & string];

type Answer<Events extends EventMap> = Decided<Events> | readonly Decided<Events>[] | null | undefined | void;

/** What `decide` returns. */
export type DecideAnswer<Events extends EventMap> = Answer<Events> | Promise<Answer<Events>>;
