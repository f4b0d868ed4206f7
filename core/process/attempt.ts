import type { Context } from "moleculer";
import { CausationTooDeepError, nextDepth, type Link } from "../event/causation.ts";
import { SentCommands } from "./sent-commands.ts";
import { CommandIds, deadlineId } from "./derived-ids.ts";
import { dueTime, type Duration, type KeptDeadline } from "./deadline.ts";
import { ValidationError } from "../errors/errors.ts";
import type { Problem } from "../errors/problem.ts";
import { freezeDeep } from "../json/freeze.ts";
import { isProblem, toJson } from "../json/json.ts";
import { keptError, restoredError } from "./kept-error.ts";
import { isOutage } from "../errors/outage.ts";
import { commandHash, isSameCommand } from "../log/command-hash.ts";
import { CommandIdReusedError, isCommandIdReused } from "../log/command-id.ts";
import type { KeptRefusal, Outcome } from "./stored-process.ts";
import type { SendOptions, ProcessDefinition, ProcessView } from "./definition.ts";

/** The subject of an attempt: an event, or a deadline with the event that led to it. */
export interface ProcessCause {
  id: string;
  /** The handler's name, for messages. */
  handler: string;
  time: string;
  correlationId: string;
  causationId: string;
  depth: number;
}

interface Dependencies {
  definition: ProcessDefinition;
  cause: ProcessCause;
  /** The correlation value. */
  id: string;
  state: unknown;
  ctx: Context;
  /** Runs `compensate`: its commands have ids of their own. */
  isCompensation: boolean;
  /** The refusals of this cause's commands in earlier attempts, by command id. */
  refusals: Readonly<Record<string, KeptRefusal>>;
  send: (command: SentCommand) => Promise<unknown>;
  /** Resolves once every later attempt will know them. */
  keepRefusals: (refusals: Readonly<Record<string, KeptRefusal>>) => Promise<void>;
  /** The chain of causes, from its first event to the cause's own. */
  chain: () => Promise<readonly Link[]>;
}

/** A command as it is sent. */
export interface SentCommand {
  action: string;
  params: unknown;
  commandId: string;
  options: SendOptions;
}

/** One run of a handler. Its commands are sent at once; its state and deadlines take effect when it has succeeded. */
export class Attempt {
  readonly #d: Dependencies;
  readonly #deadlines = new Map<string, KeptDeadline | null>();
  readonly #pending = new SentCommands();
  #state: unknown;
  #hasEnded = false;
  readonly #commandIds: CommandIds;
  #scheduled = 0;
  #refusals: Record<string, KeptRefusal>;
  #hasNewRefusals = false;
  /** The reason to send nothing more, even if the handler catches the error. */
  #fatal: { error: unknown } | null = null;
  #isOver = false;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#state = freezeDeep(dependencies.state);
    this.#refusals = { ...dependencies.refusals };
    const { cause, definition, isCompensation } = dependencies;
    this.#commandIds = new CommandIds(cause.id, definition.idName, isCompensation ? "compensate" : "handle");
  }

  /** Runs the handlers in sequence; each sees the state that the one before it returned. */
  async run(handlers: readonly ((view: ProcessView) => unknown)[]): Promise<Outcome> {
    try {
      for (const handler of handlers) this.#accept(await handler(this.#view()));
      await this.#pending.end();
      this.#pending.assertAwaited();
    } catch (error) {
      this.#fatal ??= { error };
    }
    this.#isOver = true;
    // A retry or a compensation must not run beside a command that is still pending.
    await this.#pending.endOfPresent();
    if (this.#fatal) throw this.#fatal.error;
    return { state: this.#state, deadlines: this.#deadlines, hasEnded: this.#hasEnded };
  }

  /** Abandons the attempt: it sends no further commands. */
  giveUp(): void {
    this.#isOver = true;
  }

  #accept(answer: unknown): void {
    const { definition, cause } = this.#d;
    if (answer === undefined || !definition.initialState) return;
    this.#state = freezeDeep(plain(`${definition.name}: the state that ${cause.handler} answers`, answer));
  }

  #view(): ProcessView {
    const { id, ctx } = this.#d;
    const state = () => this.#state as ProcessView["state"];
    return {
      id,
      ctx,
      get state() {
        return state();
      },
      call: (action, params, options) => this.#call(action, params, options),
      schedule: (name, when, data) => this.#schedule(name, when, data),
      cancel: (name) => void this.#deadlines.set(this.#known(name), null),
      end: () => {
        this.#mustRun();
        this.#hasEnded = true;
      },
    };
  }

  #call<Answer>(action: string, params: unknown = {}, options: SendOptions = {}): Promise<Answer> {
    return this.#pending.add(this.#send(action, params, options));
  }

  async #send(action: string, params: unknown, options: SendOptions): Promise<unknown> {
    const { definition, cause, send } = this.#d;
    this.#mustRun();
    const field = `${definition.name}: a command of ${cause.handler}`;
    // A missing action would be treated as an outage and retried.
    if (typeof action !== "string" || action === "")
      throw new ValidationError([{ field: `${field}, its action`, found: action, expected: "an action's name" }]);
    if (options === null || typeof options !== "object")
      throw new ValidationError([{ field: `${field}, its options`, found: options, expected: "{timeout?, meta?}" }]);
    // Before the first await: the calls of a handler are numbered in their order.
    const commandId = this.#commandIds.next(action, params);
    const known = this.#refusals[commandId];
    if (known) throw this.#refusedBefore(known, { action, params, commandId });
    try {
      await this.#checkDepth();
      // Stored first: the handler may send this command because of them.
      if (this.#hasNewRefusals) await this.#keepRefusals();
    } catch (error) {
      this.#fatal ??= { error };
    }
    this.#mustRun();
    const { correlationId, causationId, depth } = cause;
    const from = { correlationId, causationId, $causationDepth: nextDepth(depth) };
    const meta = { ...options.meta, ...from };
    try {
      return await send({ action, params, commandId, options: { ...options, meta } });
    } catch (error) {
      // A reused id is no refusal: the command was stored with other params, and another one in its place would add to it.
      if (isOutage(error) || isCommandIdReused(error, commandId)) this.#fatal ??= { error };
      else {
        this.#refusals[commandId] = { ...keptError(error), hash: commandHash(params) };
        this.#hasNewRefusals = true;
      }
      throw error;
    }
  }

  /** The refusal of the same command; if the id now belongs to another one, the handler must not go on. */
  #refusedBefore(
    { hash, ...refusal }: KeptRefusal,
    { action, params, commandId }: Omit<SentCommand, "options">,
  ): unknown {
    if (isSameCommand(hash, commandHash(params))) return restoredError(refusal);
    const error = new CommandIdReusedError(commandId, action);
    this.#fatal ??= { error };
    return error;
  }

  async #checkDepth(): Promise<void> {
    const { definition, cause, chain } = this.#d;
    if (cause.depth < definition.maxDepth) return;
    throw new CausationTooDeepError(definition.name, definition.maxDepth, cause.depth, await chain());
  }

  async #keepRefusals(): Promise<void> {
    this.#hasNewRefusals = false;
    await this.#d.keepRefusals({ ...this.#refusals });
  }

  #mustRun(): void {
    if (this.#fatal) throw this.#fatal.error;
    const { definition, cause } = this.#d;
    if (this.#isOver) throw new Error(`${definition.name}: ${cause.handler} has ended; it must await what it begins`);
  }

  #schedule(name: string, when: Date | Duration | string | number, data: unknown = null): void {
    const { definition, cause } = this.#d;
    const field = `${definition.name}: deadline ${this.#known(name)}`;
    const due = dueTime(`${field}, when`, when, cause.time);
    if (typeof due !== "string") throw new ValidationError([due]);
    const { correlationId, causationId, depth } = cause;
    const id = deadlineId(cause.id, definition.idName, name, ++this.#scheduled);
    const deadline = { id, name, when: due, data: plain(`${field}, data`, data), correlationId, causationId, depth };
    this.#deadlines.set(name, deadline);
  }

  #known(name: string): string {
    this.#mustRun();
    const { name: owner, deadlines } = this.#d.definition;
    if (Object.hasOwn(deadlines, name)) return name;
    const names = Object.keys(deadlines);
    const expected = names.length > 0 ? `one with a handler: ${names.join(", ")}` : "none: there is no handler of any";
    throw new ValidationError([{ field: `${owner}: a deadline's name`, found: name, expected } satisfies Problem]);
  }
}

/** The value as JSON, so that it is the same after a restart. @throws ValidationError */
export function plain(field: string, value: unknown): unknown {
  const json = toJson(field, value);
  if (isProblem(json)) throw new ValidationError([json]);
  return json.value;
}
