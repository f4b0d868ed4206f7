import type { SentParams } from "../../core/catalogue/params-of.ts";
import type { EventMap, EventOf } from "../../core/event/recorded-event.ts";
import type { DryRunAnswer } from "../decider/dry-run.ts";
import type { HistoryParams, StateAnswer, StateParams } from "../decider/state-queries.ts";
import type { HistoryPage } from "../event-store/actions/history-page.ts";
import type { StoredAnswer } from "../event-store/append/appends.ts";
import type { Flat } from "../../core/options/flat.ts";
import type { ActionCall, SentId } from "./action-call.ts";

type SentCommand<Schema> = unknown extends Schema
  ? { id: SentId }
  : Schema extends { readonly id: unknown }
    ? SentParams<Schema>
    : Flat<{ id: SentId } & SentParams<Schema>>;

/** The actions of a decider. */
export type DeciderCalls<Events extends EventMap, State, Params> = {
  [Name in keyof Params & string]: ActionCall<SentCommand<Params[Name]>, StoredAnswer<EventOf<Events>>>;
} & {
  state: ActionCall<StateParams, Omit<StateAnswer, "state"> & { state: State }>;
  history: ActionCall<HistoryParams, HistoryPage>;
  dryRun: ActionCall<
    { command: keyof Params & string; params?: object },
    Omit<DryRunAnswer, "state"> & { state: State }
  >;
};
