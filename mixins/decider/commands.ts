import { decide, type DeciderDefinition } from "../../core/decider/decider.ts";
import type { DecisionAppender, Prepared } from "./decision-appender.ts";
import type { CommandCall } from "./command-call.ts";
import type { Entities, Entity } from "./entities.ts";
import { nestedCommandsOn } from "./nested-commands.ts";
import type { StoredAnswer } from "../event-store/append/appends.ts";
import type { Outcomes, Tries } from "./outcomes.ts";
import { PendingCommands } from "./pending-commands.ts";
import type { BaseState, PipelinedAppend, SpeculativeState } from "./speculative-state.ts";
import type { TrialFold } from "./trial-fold.ts";
import { KeyedMutex } from "./keyed-mutex.ts";

interface Dependencies {
  decider: DeciderDefinition;
  entities: Entities;
  speculative: SpeculativeState;
  appender: DecisionAppender;
  outcomes: Outcomes;
  trial: TrialFold;
}

/** `outcome` resolves to null if the command must be decided again. */
interface Decision {
  outcome: Promise<StoredAnswer | null>;
}

/** After so many decisions on speculative states, a command waits for the stored state. */
const maxFailedSpeculations = 3;

/**
 * Decides commands and stores their events. Commands of one stream are decided one after the other, each on the
 * speculative state after the pending appends of the commands before it, so that many commands share a commit. If a
 * pending append fails, the store rejects the appends that depend on it, and their commands are decided again.
 */
export class Commands {
  readonly #d: Dependencies;
  readonly #mutex = new KeyedMutex();
  readonly #pending: PendingCommands;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#pending = new PendingCommands(dependencies.decider.name);
  }

  /** @throws StoreUnavailableError if too many commands are pending */
  run(call: CommandCall): Promise<StoredAnswer> {
    return nestedCommandsOn(call.ctx.broker).run(call, () => this.#pending.run(call.ctx.params, () => this.#run(call)));
  }

  /** The first result of a repeated command; null if it has stored nothing before. @throws CommandIdReusedError */
  earlier(call: CommandCall): Promise<StoredAnswer | null> {
    return this.#d.outcomes.earlier(call);
  }

  async #run(call: CommandCall): Promise<StoredAnswer> {
    const tries: Tries = { conflicts: 0, failedSpeculations: 0 };
    for (;;) {
      // The mutex is released after the decision, before the append completes, so the next command can be decided.
      const { outcome } = await this.#mutex.run(call.stream, () => this.#inTurn(call, tries));
      const answer = await outcome;
      if (answer) return answer;
    }
  }

  async #inTurn(call: CommandCall, tries: Tries): Promise<Decision> {
    return nestedCommandsOn(call.ctx.broker).inTurn(call, async () =>
      this.#decideOn(call, tries, await this.#base(call, tries.failedSpeculations >= maxFailedSpeculations)),
    );
  }

  async #base({ ctx, stream }: CommandCall, mustBeStored: boolean): Promise<BaseState & { isCurrent: boolean }> {
    const { entities, speculative } = this.#d;
    const base = mustBeStored ? null : await speculative.base(stream);
    if (base) return { ...base, isCurrent: false };
    await speculative.drained(stream);
    const cached = entities.cached(stream);
    return { entity: cached ?? (await entities.load(ctx, stream, null)), dependsOn: null, isCurrent: !cached };
  }

  async #decideOn(call: CommandCall, tries: Tries, base: BaseState & { isCurrent: boolean }): Promise<Decision> {
    const { entities, speculative } = this.#d;
    const { ctx, stream } = call;
    const { entity } = base;
    const found = await this.#decide(call, entity);
    // Without a waiting command, no speculative state is needed.
    const isAwaited = base.dependsOn !== null || this.#mutex.isContended(stream);
    const pipelined = isAwaited && "events" in found ? speculative.prepare(base, found.events) : null;
    // A rejection must not depend on events that may never be stored, so it is decided again on the stored state.
    if (base.dependsOn !== null && !pipelined) return this.#decideOn(call, tries, await this.#base(call, true));
    if ("events" in found) return this.#send(call, tries, base, found, pipelined);
    if (!base.isCurrent) {
      // The cached state may lack events of other nodes, such as the deposit that a withdrawal needs.
      const current = await entities.load(ctx, stream, entity);
      if (current.version !== entity.version)
        return this.#decideOn(call, tries, { entity: current, dependsOn: null, isCurrent: true });
    }
    const earlier = await this.#d.outcomes.earlier(call);
    if (!earlier && "error" in found) throw found.error;
    const { version, position } = entity;
    const answer = { stream, version, position, events: [], repeated: false };
    return { outcome: Promise.resolve(earlier ?? answer) };
  }

  async #decide(call: CommandCall, entity: Entity): Promise<Prepared | { error: unknown } | { none: true }> {
    const { command, ctx, stream } = call;
    try {
      const decided = await decide(this.#d.decider, command, entity.state, ctx.params, ctx);
      if (decided.length === 0) return { none: true };
      const prepared = this.#d.appender.prepare(call, decided);
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
    pipelined: PipelinedAppend | null,
  ): Promise<Decision> {
    const { speculative, appender, outcomes } = this.#d;
    const appended = appender.append(call, prepared, base.entity.version, pipelined?.speculation);
    const outcome = outcomes.of(call, tries, base, appended);
    if (pipelined) speculative.add(call.stream, base, pipelined, outcome);
    else await outcome;
    return { outcome };
  }
}
