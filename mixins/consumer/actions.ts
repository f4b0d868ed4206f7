import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { ConsumerControl, ControlChange, ParkedChoice } from "../../core/consumer/consumer-control.ts";
import { StoreUnavailableError, UnknownParkedEventError } from "../../core/errors/errors.ts";
import type { ParkedEvent } from "../../core/table/read-table.ts";
import type { ControlAck } from "./control-sync.ts";
import { onEveryHost, refuseSilent } from "./on-every-host.ts";
import { ownActions } from "../service/own-actions.ts";
import { parkedId, skipReason, storedName } from "../service/stored-texts.ts";
import { wholeNumber } from "../service/whole-number.ts";

/** One node's host of a consumer, as the actions of its service need it. */
interface Host {
  follow(revision: number, isPatient: boolean): Promise<ControlAck>;
  /** All that are parked, or at least those that are chosen. */
  parked(choice: ParkedChoice): Promise<readonly ParkedEvent[]>;
  status(): Promise<unknown>;
  change(change: ControlChange): Promise<ConsumerControl>;
}

/** Those of a process manager are of an instance. */
type Parked = ParkedEvent & { instance?: string };

/** Of a choice each part has to hold, as when it is retried. */
const isChosen = (parked: Parked, { id, stream, instance }: ParkedChoice): boolean =>
  (id ?? parked.id) === parked.id &&
  (stream ?? parked.stream) === parked.stream &&
  (instance ?? parked.instance) === parked.instance;

/**
 * `status, pause, resume, parked, retry, skip` of a consumer's service. A command becomes control state in the event
 * store first; then every node that hosts the consumer follows it before the answer is given. `group`: what waits
 * together, and can be retried together.
 */
export function consumerActions(
  name: string,
  host: () => Host,
  group: "stream" | "instance" = "stream",
): NonNullable<ServiceSchema["actions"]> {
  const change = async (
    broker: ServiceBroker,
    wanted: ControlChange,
    isPatient = false,
  ): Promise<ControlAck | undefined> => {
    const { revision } = await host().change(wanted);
    const params = { revision, ...(isPatient && { isPatient }) };
    const { answers, silent } = await onEveryHost<ControlAck>(broker, name, "follow", params);
    // What a frozen node has in flight goes on when it does; it follows whatever else was ordered, by itself.
    if ("pause" in wanted) refuseSilent(name, silent);
    const followed = [...answers.entries()];
    const here = followed.find(([node, { works }]) => works && node === broker.nodeID);
    return (here ?? followed.find(([, { works }]) => works))?.[1];
  };
  const changeParked = async (broker: ServiceBroker, wanted: ControlChange) => {
    const answer = await change(broker, wanted, true);
    if (!answer) throw new StoreUnavailableError(name, "no node does its work at the moment");
    return { folded: answer.folded, parked: answer.parked };
  };
  // A host that lags, or where the event went well, knows nothing of what another has parked.
  const mustBeParked = async (broker: ServiceBroker, choice: ParkedChoice) => {
    const isAmong = (parked: readonly Parked[]) => parked.some((one) => isChosen(one, choice));
    if (Object.keys(choice).length === 0 || isAmong(await host().parked(choice))) return;
    const { answers: elsewhere } = await onEveryHost<Parked[]>(broker, name, "parked", choice);
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
    status: { handler: () => host().status() },
    pause: { handler: async (ctx: Context) => void (await change(ctx.broker, { pause: true })) },
    resume: { handler: async (ctx: Context) => void (await change(ctx.broker, { resume: true })) },
    parked: {
      params: choiceParams,
      async handler(ctx: Context<ParkedChoice>) {
        const choice = choiceOf(ctx.params);
        return (await host().parked(choice)).filter((one) => isChosen(one, choice));
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
        await mustBeParked(ctx.broker, { id });
        return { skipped: id, ...(await changeParked(ctx.broker, { skip: { id, reason } })) };
      },
    },
    // Between nodes: answers when this node has followed the control state and nothing of it is in flight.
    follow: {
      params: { revision: wholeNumber, isPatient: "boolean|optional" },
      handler: (ctx: Context<{ revision: number; isPatient?: boolean }>) =>
        host().follow(ctx.params.revision, ctx.params.isPatient === true),
    },
  });
}
