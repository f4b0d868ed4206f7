import type { Context } from "moleculer";
import { CommandIdReusedError, isCommandIdReused, toCommandId } from "../../../core/log/command-id.ts";
import type { CommandTag } from "../../../core/log/command-tag.ts";
import { derivedEventId, newEventId } from "../../../core/event/event-id.ts";
import { ValidationError } from "../../../core/errors/errors.ts";
import { expectedVersionProblem } from "../../../core/log/expected-version.ts";
import { appendIdOf } from "../../service/append-id.ts";
import { commandIdOf } from "../../service/command-header.ts";
import { assertSameCommand, earlierEvents, repeatedAnswer } from "./earlier-events.ts";
import { assertInheritedDepth } from "../../service/causation-depth.ts";
import { recordFormerNames } from "../../service/record-former-names.ts";
import { callInner } from "../../service/between-nodes.ts";
import { callStore } from "../../service/message-size.ts";
import { sentEntity, sentHash } from "../../service/sent-params.ts";
import type { StoredAnswer } from "../append/appends.ts";
import type { AnyParams, Target, ToEvent } from "./event-options.ts";
import { defaultPayload } from "./mapped-params.ts";
import { perEvent, streamPerEvent } from "./event-stream.ts";
import { unfilledProblem } from "../../../core/event/stream-name.ts";

/** A call with a command id. */
interface Named {
  command: CommandTag;
  /** The command id of its append. */
  appendId: string;
}

type OptionFunction = (params: AnyParams, ctx: Context<AnyParams>) => unknown;

/** Stores the event of a mapped action or event; once, if the call has a command id. @throws CommandIdReusedError */
export async function appendMapped(target: Target, toEvent: ToEvent, ctx: Context<AnyParams>): Promise<StoredAnswer> {
  // Here also for mapped events, and for a broker without a mixin of this package.
  assertInheritedDepth(ctx);
  await recordFormerNames(ctx, target.store, target);
  const { stream: given, named } = await placeOf(target, toEvent, ctx);
  if (!named) {
    const id = given === perEvent ? newEventId() : undefined;
    const stream = id ? streamPerEvent(target.type, id) : given;
    return callStore(ctx, `${target.store}.append`, await inputOf(target, toEvent, ctx, stream, id));
  }
  const stream = given === perEvent ? streamPerEvent(target.type, derivedEventId(named.appendId, 0)) : given;
  const { command, appendId } = named;
  let answer: StoredAnswer;
  try {
    const input = await inputOf(target, toEvent, ctx, stream);
    answer = await callInner<StoredAnswer>(ctx, target.store, "append", { ...input, command }, appendId);
  } catch (error) {
    return firstAnswer(ctx, target.store, named, error);
  }
  return sameAs(named, answer);
}

/**
 * The first result of a repeated call whose params are refused now; null if there is none, or the call cannot be named by
 * params that were not validated. @throws CommandIdReusedError
 */
export async function storedMapped(
  target: Target,
  toEvent: ToEvent,
  ctx: Context<AnyParams>,
): Promise<StoredAnswer | null> {
  const { named } = await placeOf(target, toEvent, ctx).catch(() => ({ named: null }));
  return named && storedAnswer(ctx, target.store, named);
}

async function placeOf(
  target: Target,
  toEvent: ToEvent,
  ctx: Context<AnyParams>,
): Promise<{ stream: unknown; named: Named | null }> {
  const given = toEvent.commandId ? toCommandId("commandId", await valueOf(toEvent.commandId, ctx)) : undefined;
  const stream = await valueOf(toEvent.stream, ctx);
  const problem = typeof stream === "string" ? unfilledProblem("stream", stream) : null;
  if (problem) throw new ValidationError([problem]);
  const commandId = given ?? commandIdOf(ctx);
  return { stream, named: commandId === undefined ? null : nameOf(ctx, commandId, target.type) };
}

/**
 * Named with the action and the entity of the params, as a consumer counts its commands: one request may send the same id
 * to several. Not with the stream, which a function computes: another result would store the repeated command again.
 */
function nameOf(ctx: Context<AnyParams>, commandId: string, type: string): Named {
  const name = ctx.action?.name ?? String(ctx.eventName);
  // Several services may map an incoming event, each to a type of its own.
  const parts = ctx.action ? [name] : [name, type];
  const hash = sentHash(ctx);
  return {
    command: { id: commandId, name, ...(hash !== undefined && { hash }) },
    appendId: appendIdOf([commandId, ...parts, sentEntity(ctx)]),
  };
}

/** The params of the store's `append`. */
async function inputOf(
  target: Target,
  toEvent: ToEvent,
  ctx: Context<AnyParams>,
  stream: unknown,
  id?: string,
): Promise<object> {
  const { type, schemaVersion } = target;
  let expectedVersion: unknown;
  if (toEvent.expectedVersion !== undefined) {
    expectedVersion = await valueOf(toEvent.expectedVersion, ctx);
    // A function that returned undefined: the append would silently skip the version check.
    const problem = expectedVersionProblem(expectedVersion);
    if (problem) throw new ValidationError([problem]);
  }
  const payload = toEvent.payload ? await valueOf(toEvent.payload, ctx) : defaultPayload(target, ctx.params ?? {});
  const meta = toEvent.meta && (await valueOf(toEvent.meta, ctx));
  // With the schema version, because the store's host may have a newer catalogue than this service.
  const event = { id, type, payload, meta: schemaVersion === undefined ? meta : withVersion(meta, schemaVersion) };
  return { stream, expectedVersion, events: [event] };
}

/** The value of an option. Params are null if the broker has no service of this package: no middleware of `boundary.ts`. */
const valueOf = (option: unknown, ctx: Context<AnyParams>): unknown =>
  typeof option === "function" ? (option as OptionFunction)(ctx.params ?? {}, ctx) : option;

/**
 * The first result of a repeated call that is refused now: a release may add a default, or map the params differently.
 * Without a hash of the params, only the content of the event can tell a repeat. @throws the error, if there is none
 */
async function firstAnswer(ctx: Context, store: string, named: Named, error: unknown): Promise<StoredAnswer> {
  const { command, appendId } = named;
  const { code } = (error ?? {}) as { code?: unknown };
  const isOutage = typeof code === "number" && code >= 500;
  const stored = isOutage || command.hash === undefined ? null : await storedAnswer(ctx, store, named);
  if (stored) return stored;
  throw isCommandIdReused(error, appendId) ? new CommandIdReusedError(command.id, command.name) : error;
}

async function storedAnswer(ctx: Context, store: string, named: Named): Promise<StoredAnswer | null> {
  const events = await earlierEvents(ctx, store, named.appendId);
  return events.length === 0 ? null : sameAs(named, repeatedAnswer(events));
}

/** @throws CommandIdReusedError if the result is that of a call with other params */
function sameAs({ command }: Named, answer: StoredAnswer): StoredAnswer {
  if (answer.repeated) assertSameCommand(command, answer.events);
  return answer;
}

/** The store rejects a meta that is not an object. */
function withVersion(meta: unknown, schemaVersion: number): unknown {
  if (meta === undefined) return { schemaVersion };
  return meta !== null && typeof meta === "object" && !Array.isArray(meta) ? { schemaVersion, ...meta } : meta;
}
