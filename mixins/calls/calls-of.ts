import type { CallingOptions } from "moleculer";
import type { FieldsInput, RowOf } from "../../core/rows/fields.ts";
import type { Excess, Refuse } from "../../core/options/undeclared.ts";
import type { Decider } from "../decider/decider.ts";
import type { StoredAnswer } from "../event-store/append/appends.ts";
import type { MappedAction } from "../event-store/actions/mapped-types.ts";
import type { ActionCall } from "./action-call.ts";
import type { DeciderCalls } from "./decider-calls.ts";
import type { ReadAnswer, ReadCall, TableCalls } from "./table-calls.ts";

/** The mapped actions of a service schema. */
type MappedCalls<Actions> = {
  [Name in keyof Actions as "types" extends keyof Actions[Name] ? Name : never]: Actions[Name] extends MappedAction<
    infer Params,
    infer Event
  >
    ? ActionCall<Params, StoredAnswer<Event>>
    : never;
};

/** The actions of a definition or service schema, by their names without the service's. */
type OwnCalls<Source> = (Source extends Decider<infer Events, infer State, infer Params>
  ? DeciderCalls<Events, State, Params>
  : unknown) &
  (Source extends { readonly fields: FieldsInput; mixin(): unknown } ? TableCalls<RowOf<Source>> : unknown) &
  (Source extends { actions: infer Actions } ? MappedCalls<Actions> : unknown);

type Named<Service extends string, Calls> = {
  [Name in keyof Calls & string as `${Service}.${Name}`]: Calls[Name];
};

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

type AllCalls<Services> = Intersection<
  { [Service in keyof Services & string]: Named<Service, OwnCalls<Services[Service]>> }[keyof Services & string]
>;

type ParamsIn<Call> = Call extends { params: infer Params } ? Params : never;

type AnswerIn<Call, Params> =
  Call extends ReadCall<infer Kind, infer Row, unknown>
    ? ReadAnswer<Kind, Row, Params>
    : Call extends { answer: infer Answer }
      ? Answer
      : never;

/** The names of actions that can be called without params. */
type Bare<Calls> = {
  [Name in keyof Calls & string]: Record<string, never> extends ParamsIn<Calls[Name]> ? Name : never;
}[keyof Calls & string];

/** Refuses params, and fields in a `query`, that the action does not declare. */
type DeclaredParams<Given, Declared> = Refuse<Excess<Given, Declared>> &
  (Given extends { query: infer Query }
    ? Declared extends { query?: infer Fields }
      ? { query: Refuse<Excess<Query, Extract<Fields, object>>> }
      : unknown
    : unknown);

/** A `call` that knows the params and answers of its actions, and no other action. */
export interface TypedCall<Calls> {
  call<Name extends Bare<Calls>>(action: Name): Promise<AnswerIn<Calls[Name], Record<string, never>>>;
  call<Name extends keyof Calls & string, const Params extends ParamsIn<Calls[Name]>>(
    action: Name,
    params: Params & DeclaredParams<NoInfer<Params>, ParamsIn<Calls[Name]>>,
    options?: CallingOptions,
  ): Promise<AnswerIn<Calls[Name], Params>>;
}

/**
 * Types `broker.call` and `ctx.call`, for the commands of deciders, the mapped actions of services and the reads of
 * tables: a broker and a context are of this type, without a cast. The keys are the names of the services.
 *
 * @example
 * const bank: CallsOf<{ account: typeof account; balances: typeof balances }> = broker;
 * const { events } = await bank.call("account.deposit", { id: "1", amount: 10 });
 */
export type CallsOf<Services extends object> = TypedCall<AllCalls<Services>>;
