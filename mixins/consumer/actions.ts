import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { ConsumerControl, ControlChange, ParkedChoice } from "../../core/consumer/consumer-control.ts";
import { StoreUnavailableError, UnknownParkedEventError } from "../../core/errors/errors.ts";
import type { ParkedEvent } from "../../core/table/read-table.ts";
import type { ControlAck } from "./control-sync.ts";
import { onEveryHost, refuseSilent } from "./on-every-host.ts";
import { isChosen } from "./parked-choice.ts";
import type { ParkedPage } from "./parked-page.ts";
import { ownActions } from "../service/own-actions.ts";
import { parkedId, skipReason, storedName } from "../service/stored-texts.ts";
import { wholeNumber } from "../service/whole-number.ts";

type Actions = NonNullable<ServiceSchema["actions"]>;

/** The host of a consumer on one node, reduced to what the actions of its service need. */
interface Host {
  applyControl(revision: number, isPatient: boolean): Promise<ControlAck>;
  /** All parked events, or a superset of the chosen ones. */
  parked(choice: ParkedChoice): Promise<ParkedPage>;
  /** The ids of the events that the consumer waits for: one of a newer release, and those that have failed. */
  readonly awaited: readonly string[];
  status(): Promise<unknown>;
  change(change: ControlChange): Promise<ConsumerControl>;
}

/** `process` is set for the events of a process manager only. */
type Parked = ParkedEvent & { process?: string };

/** What one host holds: its parked events, and the ids of the events that it waits for. */
type HeldHere = ParkedPage<Parked> & Pick<Host, "awaited">;

const heldHere = async (host: Pick<Host, "parked" | "awaited">, choice: ParkedChoice): Promise<HeldHere> => ({
  ...(await host.parked(choice)),
  awaited: host.awaited,
});

/**
 * `status, pause, resume, parked, retry, skip` of a consumer's service. A command is stored as control state in the
 * event store first. The action returns after every node that hosts the consumer has applied it. `group`: the kind of
 * unit whose events wait together and can be retried together.
 */
export function consumerActions(name: string, host: () => Host, group: "stream" | "process" = "stream"): Actions {
  const change = async (
    broker: ServiceBroker,
    wanted: ControlChange,
    isPatient = false,
  ): Promise<ControlAck | undefined> => {
    const { revision } = await host().change(wanted);
    const params = { revision, ...(isPatient && { isPatient }) };
    const { answers, silent } = await onEveryHost<ControlAck>(broker, name, "applyControl", params);
    // A frozen node continues its event in flight when it wakes, so a pause must report it. The other changes need no
    // acknowledgement: the node applies them by itself.
    if ("pause" in wanted) refuseSilent(name, silent);
    const acknowledged = [...answers.entries()];
    const here = acknowledged.find(([node, { works }]) => works && node === broker.nodeID);
    return (here ?? acknowledged.find(([, { works }]) => works))?.[1];
  };
  const changeParked = async (broker: ServiceBroker, wanted: ControlChange) => {
    const answer = await change(broker, wanted, true);
    if (!answer) throw new StoreUnavailableError(name, "no node does its work at the moment");
    return { folded: answer.folded, parked: answer.parked };
  };
  // A host that lags, or on which the event succeeded, does not have the events that another host has parked.
  const mustBeParked = async (broker: ServiceBroker, choice: ParkedChoice, mayWait = false) => {
    const isAmong = ({ events, awaited }: HeldHere) =>
      events.some((one) => isChosen(one, choice)) ||
      (mayWait && choice.id !== undefined && awaited.includes(choice.id));
    if (Object.keys(choice).length === 0 || isAmong(await heldHere(host(), choice))) return;
    const { answers: elsewhere } = await onEveryHost<HeldHere>(broker, name, "parkedHere", choice);
    if (![...elsewhere.values()].some(isAmong)) throw new UnknownParkedEventError(name, choice);
  };
  const choiceParams = {
    $$strict: true,
    id: { ...parkedId, optional: true },
    [group]: { ...storedName, optional: true, convert: true },
  };
  const choiceOf = ({ id, [group]: one }: ParkedChoice): ParkedChoice => ({
    ...(id !== undefined && { id }),
    ...(one !== undefined && { [group]: one }),
  });

  return ownActions({
    status: { params: { $$strict: true }, handler: () => host().status() },
    pause: {
      params: { $$strict: true },
      handler: async (ctx: Context) => void (await change(ctx.broker, { pause: true })),
    },
    resume: {
      params: { $$strict: true },
      handler: async (ctx: Context) => void (await change(ctx.broker, { resume: true })),
    },
    parked: {
      params: choiceParams,
      async handler(ctx: Context<ParkedChoice>) {
        const choice = choiceOf(ctx.params);
        const page = await host().parked(choice);
        return { ...page, events: page.events.filter((one) => isChosen(one, choice)) };
      },
    },
    retry: {
      params: choiceParams,
      async handler(ctx: Context<ParkedChoice>) {
        const choice = choiceOf(ctx.params);
        await mustBeParked(ctx.broker, choice);
        return changeParked(ctx.broker, { retry: choice });
      },
    },
    skip: {
      params: { $$strict: true, id: parkedId, reason: { ...skipReason, optional: true, default: "" } },
      async handler(ctx: Context<{ id: string; reason: string }>) {
        const { id, reason } = ctx.params;
        await mustBeParked(ctx.broker, { id }, true);
        return { skipped: id, ...(await changeParked(ctx.broker, { skip: { id, reason } })) };
      },
    },
  });
}

/** The actions that the hosts of a consumer call on each other. */
export const consumerInnerActions = (host: () => Pick<Host, "applyControl" | "parked" | "awaited">): Actions => ({
  // Returns when this node has applied the state and has nothing in flight.
  applyControl: {
    params: { revision: wholeNumber, isPatient: "boolean|optional" },
    handler: (ctx: Context<{ revision: number; isPatient?: boolean }>) =>
      host().applyControl(ctx.params.revision, ctx.params.isPatient === true),
  },
  parkedHere: {
    params: {
      id: { ...parkedId, optional: true },
      stream: { ...storedName, optional: true },
      process: { ...storedName, optional: true },
    },
    handler: (ctx: Context<ParkedChoice>) => heldHere(host(), ctx.params),
  },
});
