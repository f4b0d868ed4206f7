import type { ActionSchema, Context } from "moleculer";
import { MemoryKeptClaims } from "../../adapters/memory/kept-claims.ts";
import { Claims } from "../../core/log/claims.ts";
import { decide, type DeciderDefinition } from "../../core/decider/decider.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { fold, emptyEntity } from "../../core/decider/rehydrate.ts";
import { claimChanges, typesOf } from "../../core/decider/claim.ts";
import { duplicate } from "../../mixins/decider/claim-keeper.ts";
import { toValidationError } from "../../mixins/service/params-refusal.ts";
import { recordedEvents } from "./given-event.ts";
import { noBroker } from "./no-broker.ts";

/** The context that `decide` receives beside the params. */
export interface CommandContext {
  /** `ctx.meta`, for example the user. */
  meta?: Record<string, unknown>;
  /** `ctx.locals`, which the action's hooks would set; hooks are not run here. */
  locals?: Record<string, unknown>;
}

/** A command to send. */
export interface SentCommand extends CommandContext {
  name: string;
  params: object;
}

/** The result of a command, and the state after it. */
export interface Decision {
  events: RecordedEvent[];
  state: unknown;
}

/** The part of a broker's validator that is used here; Moleculer does not type it. */
interface Validation {
  localAction<Answer>(handler: () => Promise<Answer>, action: object): (ctx: Context) => Promise<Answer>;
}

/**
 * Decides a command like the decider's action: validates its params, folds the state from `historyOf` the entity's
 * stream, and checks the events against the store's catalogue and the claims.
 * @throws the error that refuses the command
 */
export async function decisionOf(
  decider: DeciderDefinition,
  historyOf: (stream: string) => RecordedEvent[],
  { name, params, meta: sent = {}, locals = {} }: SentCommand,
  broker = noBroker(),
): Promise<Decision> {
  const { commandId: _, ...meta } = sent;
  const action = { name: `${decider.name}.${name}`, params: decider.commands.get(name)!.params };
  const ctx = Object.assign(new broker.ContextFactory(broker), { params, meta, locals, action, nodeID: broker.nodeID });
  const decideValid = async (): Promise<Decision> => {
    const stream = decider.streamOf((ctx.params as { id: string }).id);
    const history = historyOf(stream);
    const own = history.filter((event) => event.stream === stream);
    const folded = fold(decider, emptyEntity(decider), own);
    const decided = await decide(decider, name, folded.state, ctx.params, ctx);
    const events = recordedEvents(decider.catalogue, stream, decided, history);
    assertUnclaimed(decider, stream, history, events);
    return { events, state: fold(decider, folded, events).state };
  };
  const validation = broker.validator?.middleware(broker) as Validation | undefined;
  if (!validation) return decideValid();
  try {
    return await validation.localAction(decideValid, action)(ctx);
  } catch (error) {
    throw toValidationError(error, ctx, action.params as ActionSchema["params"], false) ?? error;
  }
}

/** @throws DuplicateClaimError if another stream of the history has claimed a value of the events */
function assertUnclaimed(
  decider: DeciderDefinition,
  stream: string,
  history: readonly RecordedEvent[],
  events: readonly RecordedEvent[],
): void {
  const claims = new Claims(new MemoryKeptClaims());
  const position = history.length;
  for (const claim of decider.claims) {
    const { scope, fingerprint: definition } = claim;
    claims.begin({ scope, definition }, typesOf(claim), { head: position, now: 0 });
    const changes = history.flatMap((event) =>
      claimChanges(claim, [event]).map((change) => ({ ...change, stream: event.stream })),
    );
    claims.fold({ scope, definition, after: 0, position, changes });
    for (const { value, given, claimed } of claimChanges(claim, events)) {
      const claimant = claimed ? claims.claimants(scope, definition, [value!])[value!] : undefined;
      if (claimant !== undefined && claimant !== stream) throw duplicate(claim, given!, stream, claimant);
    }
  }
}
