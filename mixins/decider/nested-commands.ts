import { described, show } from "../../core/errors/problem.ts";
import type { Context, ServiceBroker } from "moleculer";
import { DefinitionError } from "../../core/errors/errors.ts";
import type { CommandCall } from "./command-call.ts";

const nested = new WeakMap<ServiceBroker, NestedCommands>();

/** The nested commands of a broker, shared by all its deciders. */
export function nestedCommandsOn(broker: ServiceBroker): NestedCommands {
  let known = nested.get(broker);
  if (!known) nested.set(broker, (known = new NestedCommands()));
  return known;
}

/** Detects deadlocks of commands that a `decide` calls: rejects one that would wait for the command that awaits it. */
class NestedCommands {
  /** The streams of the calls that are being decided. */
  readonly #inTurn = new Map<Context, string>();
  /** By the stream of a command that is being decided, the streams of the commands that it awaits. */
  readonly #awaited = new Map<string, string[]>();

  /** @throws DefinitionError */
  async run<Answer>(call: CommandCall, work: () => Promise<Answer>): Promise<Answer> {
    const above = this.#ancestor(call.ctx);
    if (!above) return work();
    const [from, within] = above;
    if (this.#waitsFor(call.stream, from)) throw refusal(within, call);
    this.#awaited.set(from, [...(this.#awaited.get(from) ?? []), call.stream]);
    try {
      return await work();
    } finally {
      const others = this.#awaited.get(from)!;
      others.splice(others.indexOf(call.stream), 1);
      if (others.length === 0) this.#awaited.delete(from);
    }
  }

  async inTurn<Answer>({ ctx, stream }: CommandCall, work: () => Promise<Answer>): Promise<Answer> {
    this.#inTurn.set(ctx, stream);
    try {
      return await work();
    } finally {
      this.#inTurn.delete(ctx);
    }
  }

  /** The nearest command among a call's ancestors on this node, with its stream. */
  #ancestor(ctx: Context): [stream: string, within: Context] | null {
    for (let above = parentOf(ctx); above; above = parentOf(above)) {
      const stream = this.#inTurn.get(above);
      if (stream !== undefined) return [stream, above];
    }
    return null;
  }

  #waitsFor(stream: string, other: string): boolean {
    return stream === other || (this.#awaited.get(stream) ?? []).some((next) => this.#waitsFor(next, other));
  }
}

const parentOf = (ctx: Context) => (ctx.options as { parentCtx?: Context } | undefined)?.parentCtx;

const refusal = (within: Context, { tag, id }: CommandCall) =>
  new DefinitionError({
    field: `${String(within.action?.name)}: decide`,
    found: described(`a call of ${tag.name} for entity ${show(id)}, which waits for this command`),
    expected: "no such call, because commands for one entity run one after the other",
  });
