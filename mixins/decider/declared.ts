import type { Regular } from "../../core/catalogue/params-of.ts";
import type { EventMap, EventOf } from "../../core/event/recorded-event.ts";
import type { DeclaredResult, Excess, Refuse, Undeclared } from "../../core/options/undeclared.ts";
import type { DecideAnswer } from "./decided.ts";

/** The function of `evolve` for an event type. */
export type Evolver<Events extends EventMap, Type extends keyof Events & string, State> = (
  state: State,
  event: EventOf<Events, Type>,
) => NoInfer<State>;

type ExcessOfEvents<Answer, Events extends EventMap> = Answer extends readonly (infer One)[]
  ? ExcessOfEvents<One, Events>
  : Answer extends { type: infer Type extends keyof Events; payload: infer Payload }
    ? Excess<Payload, Events[Type]>
    : never;

/** Refuses a `decide` that returns an event whose payload has a field that the event's type does not declare. */
type DeclaredEvents<Decide, Events extends EventMap> = Decide extends (...args: never[]) => infer Answer
  ? Refuse<ExcessOfEvents<Awaited<Answer>, Events>>
  : unknown;

type DeclaredStates<Evolve, State, Events extends EventMap> = {
  [Type in keyof Evolve]: Type extends keyof Events & string
    ? Evolver<Events, Type, State> & DeclaredResult<Evolve[Type], State>
    : Undeclared<Type>;
};

/**
 * Infers the functions of a decider, and refuses those that return undeclared fields of a payload or a state, and event
 * types that the store does not have. The expected function is repeated for each name, so that the compiler reports any
 * other mistake at the function as well.
 */
export interface DeclaredFunctions<Decide, Evolve, State, Events extends EventMap> {
  commands: {
    readonly [Name in keyof Decide]: {
      decide: Decide[Name] &
        ((...args: never[]) => DecideAnswer<Events>) &
        DeclaredEvents<NoInfer<Decide[Name]>, Events>;
    };
  };
  evolve: Evolve & DeclaredStates<NoInfer<Evolve>, State, Events>;
}

/** The params by the names of the commands: the compiler does not infer those names if no command has `params`. */
export type NamedParams<Params, Decide> = string extends keyof Params
  ? unknown extends Decide
    ? Params
    : { readonly [Name in keyof Decide]: unknown }
  : { readonly [Name in keyof Params]: Regular<Params[Name]> };
