import { described } from "../errors/problem.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { FrozenStateError } from "./errors.ts";
import { decidedEvents, type DecidedEvent } from "./decided-event.ts";
import { DefinitionError } from "../errors/errors.ts";
import { freezeDeep } from "../json/freeze.ts";
import { isThenable } from "../concurrency/is-thenable.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import type { Claim } from "./claim.ts";

/** A checked command of a decider. */
export interface Command {
  /** Moleculer's schema of its params, `id` among them. Undefined if the author's is a Standard Schema. */
  readonly params: Readonly<Record<string, unknown>> | undefined;
  /** The schema as the author wrote it, for another validator than Moleculer's. */
  readonly givenParams: object | undefined;
  decide(state: unknown, command: object, ctx: unknown): unknown;
}

/** A checked decider: all that is needed to run it, with or without a broker. */
export interface DeciderDefinition {
  readonly name: string;
  /** The category of its streams; null if they have names of the author's. */
  readonly category: string | null;
  /** The stream of the entity with this id. */
  streamOf(id: string): string;
  initialState(): unknown;
  readonly commands: ReadonlyMap<string, Command>;
  /** By event type. */
  readonly evolve: ReadonlyMap<string, (state: unknown, event: RecordedEvent) => unknown>;
  readonly claims: readonly Claim[];
  /** The catalogue by which the store checks its events. */
  readonly catalogue: Catalogue;
  /** A state snapshot is stored after this many events; null: never. */
  readonly snapshotEvery: number | null;
  /** Equal for deciders that fold with the same functions. */
  readonly fingerprint: string;
  /** How often a command is decided again after a version conflict. */
  readonly conflictRetries: number;
  /** In development, states and events are frozen, so that a function that changes them throws. */
  readonly isFreezing: boolean;
}

/** The state of an entity that has no events. */
export const initialStateOf = (decider: DeciderDefinition): unknown => frozen(decider, decider.initialState());

/**
 * The events that a command decides in a state; an empty array if nothing happens.
 * @throws the domain's own error, untouched; InvalidDecisionError, ValidationError, DefinitionError, FrozenStateError
 */
export async function decide(
  decider: DeciderDefinition,
  name: string,
  state: unknown,
  command: object,
  ctx: unknown,
): Promise<DecidedEvent[]> {
  let answer: unknown;
  try {
    answer = await decider.commands.get(name)!.decide(state, command, ctx);
  } catch (error) {
    throw explained(decider, `decide of ${name}`, error);
  }
  const events = decidedEvents(`${decider.name}.${name}: decide`, answer);
  for (const { type } of events) if (!decider.evolve.has(type)) throw withoutCase(decider, type, `from ${name}`);
  return events;
}

/**
 * The state after an event.
 * @throws DefinitionError if `evolve` has no case for the event, or the case returns no state; FrozenStateError
 */
export function evolve(decider: DeciderDefinition, state: unknown, event: RecordedEvent): unknown {
  const { type, stream, version } = event;
  const apply = decider.evolve.get(type);
  if (!apply) throw withoutCase(decider, type, `stream ${stream}, version ${version}`);
  let next: unknown;
  try {
    next = apply(state, frozen(decider, event));
  } catch (error) {
    throw explained(decider, `evolve of ${type}`, error);
  }
  if (next === undefined || isThenable(next))
    throw new DefinitionError({
      field: `${decider.name}.evolve["${type}"]`,
      found: next === undefined ? next : described("a promise"),
      expected: "the state after the event: (state, event) => ({ ...state, … })",
    });
  return frozen(decider, next);
}

const frozen = <Value>({ isFreezing }: DeciderDefinition, value: Value): Value =>
  isFreezing ? freezeDeep(value) : value;

const withoutCase = ({ name, evolve: cases }: DeciderDefinition, type: string, where: string) =>
  new DefinitionError({
    field: `${name}.evolve`,
    found: described(`no case for ${type} (${where})`),
    expected: `one beside ${[...cases.keys()].join(", ")}; (state) => state if it changes nothing`,
  });

/** V8's messages for a change of a frozen object. */
const mutation =
  /^Cannot (?:assign to read only property|add property|delete property|define property) '?(.+?)'?(?:, object is not extensible| of .*)$/;

function explained({ name, isFreezing }: DeciderDefinition, where: string, error: unknown): unknown {
  const { name: kind, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  // By name, since an error may come from another realm.
  const property = isFreezing && kind === "TypeError" ? mutation.exec(String(message))?.[1] : undefined;
  return property === undefined ? error : new FrozenStateError(name, where, property, error);
}
