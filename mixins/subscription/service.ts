import type { CallingOptions, Context } from "moleculer";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { entityId } from "../../core/event/stream-name.ts";
import { typeMatcher } from "../../core/event/type-pattern.ts";
import { CommandIds } from "../../core/process/derived-ids.ts";
import { SentCommands } from "../../core/process/sent-commands.ts";
import type { EventCaller } from "../consumer/event-caller.ts";
import { storedName } from "../consumer/former-name.ts";
import { leasedService, type LeasedConsumer } from "../consumer/leased-service.ts";
import { withCommandId } from "../service/command-header.ts";
import type { CompanionSchema } from "../service/companion.ts";
import { SubscriptionWorker } from "./subscription-worker.ts";

/** The second argument of a handler function. */
export interface HandlerView {
  /** The entity's id: the part of the stream's name after its category. Reading it fails if there is none. */
  readonly id: string;
  /**
   * Calls an action, with the event as the cause. Its command id is the same if the event is handled again, so that a
   * decider, a mapped action and `append` store once.
   */
  call: Context["call"];
  readonly ctx: Context;
}

/** An action's name, or a function. */
export type Handler = string | ((event: RecordedEvent, view: HandlerView) => unknown);

interface Definition extends LeasedConsumer {
  on: readonly { pattern: string; handler: Handler }[];
}

/** The service of a subscription: the control of its handling. */
export function subscriptionService(definition: Definition): CompanionSchema {
  const { on } = definition;
  const idName = storedName(definition);
  const handlers = on.map((one) => ({ ...one, isFor: typeMatcher([one.pattern]) }));
  return leasedService(definition, {
    kind: "subscription",
    patterns: on.map(({ pattern }) => pattern),
    work(context) {
      const { caller, timeLimit, metrics } = context;
      const handle = async (event: RecordedEvent) => {
        const ids = new CommandIds(event.id, idName);
        for (const { pattern, handler, isFor } of handlers)
          if (isFor(event.type)) await timeLimit.wait(`the handler of ${pattern}`, run(caller, handler, event, ids));
        metrics?.folded(1);
      };
      const handlersOf = (type: string) => handlers.flatMap(({ handler, isFor }) => (isFor(type) ? [handler] : []));
      return new SubscriptionWorker({ ...context, handle, handlersOf });
    },
  });
}

async function run(caller: EventCaller, handler: Handler, event: RecordedEvent, ids: CommandIds): Promise<unknown> {
  if (typeof handler === "string") return caller.callAction(handler, event, {}, ids.next(handler, event));
  const ctx = caller.newContext(event);
  const pending = new SentCommands();
  const call = <Answer>(action: string, params?: unknown, options: CallingOptions = {}) => {
    const { commandId = ids.next(action, params) } = (options.headers ?? {}) as { commandId?: string };
    return pending.add<Answer>(ctx.call(action, params, withCommandId(commandId, options)));
  };
  try {
    await handler(event, {
      ctx,
      call,
      get id() {
        return entityId(event.stream);
      },
    });
  } finally {
    // The event is not done, nor tried again, beside a command that is still pending.
    await pending.end();
  }
  pending.assertAwaited();
}
