import { Errors } from "moleculer";
import { ownNameProblem } from "./new-event.ts";
import { EntityNotFoundError, ValidationError } from "../errors/errors.ts";
import { show, type Problem } from "../errors/problem.ts";
import { isEventId } from "../event/event-id.ts";
import { isReserved } from "../event/stream-name.ts";

const maxIds = 10_000;

/** What an engine returns for links that it has added. */
export interface Linked {
  /** Of the stream's last link. */
  version: number;
  /** How many of the events were added now. */
  linked: number;
}

/** A stream of links. */
export interface LinkedStream {
  stream: string;
  /** The version of its last link. */
  version: number;
}

/** Streams of links to events of other streams. */
export interface LogLinks {
  /**
   * Adds links to stored events to a stream, in the order of their ids, after its last one. Skips an event that is in
   * it already. All or nothing, and as durable as an append. Takes no position, changes no event.
   * @throws EntityNotFoundError with the first id that no event has; MixedStreamError if the stream has events of its
   * own. An append to a stream of links is refused with MixedStreamError, even if both come at once.
   */
  add(stream: string, ids: readonly string[]): Promise<Linked>;
  /** The streams of links in the order of their names, after the stream `after`. */
  streams(options: { after?: string; limit: number }): Promise<LinkedStream[]>;
}

/**
 * A stream contains events of its own or links, never both, since they would share its versions. 409; `data` is
 * `{stream, expected, actual}`.
 */
export class MixedStreamError extends Errors.MoleculerClientError {
  override name = "MixedStreamError";

  constructor(stream: string, found: "events" | "links") {
    const [has, expected] =
      found === "links"
        ? ["links to events of other streams", "a stream with events of its own, or a new one"]
        : ["events of its own", "a stream of links, or a new one"];
    super(`stream ${show(stream)}: found ${has}, expected ${expected}`, 409, "MIXED_STREAM", {
      stream,
      expected: found === "links" ? "events" : "links",
      actual: found,
    });
  }
}

/**
 * Checks the arguments of a link without the log. Returns the ids in stored form.
 * @throws ValidationError with every problem found
 */
export function toLinkRequest(stream: unknown, ids: unknown): { stream: string; ids: string[] } {
  const problems: Problem[] = [];
  const problem = ownNameProblem("stream", stream);
  if (problem) problems.push(problem);
  const list = Array.isArray(ids) ? Array.from(ids as unknown[]) : [];
  if (list.length === 0 || list.length > maxIds)
    problems.push({ field: "ids", found: ids, expected: `an array of 1 to ${maxIds} ids of events` });
  else
    list.forEach((id, index) => {
      if (!isEventId(id)) problems.push({ field: `ids.${index}`, found: id, expected: "a UUID" });
    });
  if (problems.length > 0) throw new ValidationError(problems);
  return { stream: stream as string, ids: (list as string[]).map((id) => id.toLowerCase()) };
}

/**
 * The stored events of these ids, in their order, for an engine to link. To be called inside the transaction.
 * @throws EntityNotFoundError with the first id that no event has; ValidationError for an event of the framework
 */
export const eventsToLink = <Stored extends { type: string }>(
  ids: readonly string[],
  storedById: (id: string) => Stored | undefined,
): Stored[] =>
  ids.map((id, index) => {
    const stored = storedById(id);
    if (!stored) throw new EntityNotFoundError(id);
    if (isReserved(stored.type))
      throw new ValidationError([
        { field: `ids.${index}`, found: stored.type, expected: "an event that is not the framework's own" },
      ]);
    return stored;
  });
