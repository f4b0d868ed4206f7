import { decide, type DeciderDefinition } from "../../core/decider/decider.ts";
import type { Appending, Prepared } from "./appending.ts";
import type { CommandCall } from "./command-call.ts";
import type { Entities, Entity } from "./entities.ts";
import { nestedCommandsOn } from "./nested-commands.ts";
import type { CommandAnswer, Outcomes, Tries } from "./outcomes.ts";
import { PendingCommands } from "./pending-commands.ts";
import type { BaseState, Sending, SpeculativeState } from "./speculative-state.ts";
import type { TrialFold } from "./trial-fold.ts";
import { KeyedMutex } from "./keyed-mutex.ts";

interface Dependencies {
  decider: DeciderDefinition;
  entities: Entities;
  speculative: SpeculativeState;
  appending: Appending;
  outcomes: Outcomes;
  trial: TrialFold;
}

/** Null: to be decided again. */
interface Decided {
  outcome: Promise<CommandAnswer | null>;
}

/** Then a command waits until it can be decided on what is stored. */
const maxVain = 3;

/**
 * Decides commands, those of one stream one after the other, and stores what they come to. A command is not decided on
 * what is stored, but on what will be once the appends before it are: so many share a commit. Where one of these is not
 * stored, the store refuses what was decided on it, and that is decided again.
 */
export class Commands {
  readonly #d: Dependencies;
  readonly #turns = new KeyedMutex();
  readonly #pending: PendingCommands;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#pending = new PendingCommands(dependencies.decider.name);
  }

  /** @throws StoreUnavailableError where too many wait */
  run(call: CommandCall): Promise<CommandAnswer> {
    return nestedCommandsOn(call.ctx.broker).run(call, () => this.#pending.run(call.ctx.params, () => this.#run(call)));
  }

  async #run(call: CommandCall): Promise<CommandAnswer> {
    const tries: Tries = { conflicts: 0, vain: 0 };
    for (;;) {
      // The next command's turn comes when this one is decided, which is before it is answered.
      const { outcome } = await this.#turns.run(call.stream, () => this.#inTurn(call, tries));
      const answer = await outcome;
      if (answer) return answer;
    }
  }

  async #inTurn(call: CommandCall, tries: Tries): Promise<Decided> {
    return nestedCommandsOn(call.ctx.broker).inTurn(call, async () =>
      this.#decideOn(call, tries, await this.#base(call, tries.vain >= maxVain)),
    );
  }

  async #base({ ctx, stream }: CommandCall, mustBeStored: boolean): Promise<BaseState & { isFresh: boolean }> {
    const { entities, speculative } = this.#d;
    const base = mustBeStored ? null : await speculative.base(stream);
    if (base) return { ...base, isFresh: false };
    await speculative.ended(stream);
    const hot = entities.cached(stream);
    return { entity: hot ?? (await entities.load(ctx, stream, null)), dependsOn: null, isFresh: !hot };
  }

  async #decideOn(call: CommandCall, tries: Tries, base: BaseState & { isFresh: boolean }): Promise<Decided> {
    const { entities, speculative } = this.#d;
    const { ctx, stream } = call;
    const { entity } = base;
    const found = await this.#decide(call, entity);
    // Where nobody waits, nobody need know what will follow from it.
    const isAwaited = base.dependsOn !== null || this.#turns.isContended(stream);
    const sending = isAwaited && "events" in found ? speculative.sending(base, found.events) : null;
    // What was not stored when it was decided may never be: nobody is refused for it.
    if (base.dependsOn !== null && !sending) return this.#decideOn(call, tries, await this.#base(call, true));
    if ("events" in found) return this.#send(call, tries, base, found, sending);
    if (!base.isFresh) {
      // What was not known here may be what it was refused for: a deposit on another node.
      const fresh = await entities.load(ctx, stream, entity);
      const known = { entity: fresh, dependsOn: null, isFresh: true };
      if (fresh.version !== entity.version) return this.#decideOn(call, tries, known);
    }
    const earlier = await this.#d.outcomes.earlier(call);
    if (!earlier && "error" in found) throw found.error;
    const answer = { events: [], version: entity.version, position: entity.position };
    return { outcome: Promise.resolve(earlier ?? answer) };
  }

  async #decide(call: CommandCall, entity: Entity): Promise<Prepared | { error: unknown } | { none: true }> {
    const { command, ctx, stream } = call;
    try {
      const decided = await decide(this.#d.decider, command, entity.state, ctx.params, ctx);
      if (decided.length === 0) return { none: true };
      const prepared = this.#d.appending.prepare(call, decided);
      this.#d.trial.check(stream, entity, prepared.events);
      return prepared;
    } catch (error) {
      return { error };
    }
  }

  async #send(
    call: CommandCall,
    tries: Tries,
    base: BaseState,
    prepared: Prepared,
    sending: Sending | null,
  ): Promise<Decided> {
    const { speculative, appending, outcomes } = this.#d;
    const appended = appending.append(call, prepared, base.entity.version, sending?.speculation);
    const outcome = outcomes.of(call, tries, base, appended);
    if (sending) speculative.sent(call.stream, base, sending, outcome);
    else await outcome;
    return { outcome };
  }
}
