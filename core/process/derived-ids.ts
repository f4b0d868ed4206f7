import { entityOfParams } from "../event/params-id.ts";
import { uuidOfName } from "../event/uuid.ts";

/** RFC 9562 namespace of the ids of consumers' commands and deadlines. */
const namespace = "8f0e3f4b-0c57-5d0a-9a43-b1f0c6a5d7e9";

const idOf = (...parts: readonly (string | number)[]) => uuidOfName(JSON.stringify(parts), namespace);

/**
 * The ids of the commands that a consumer sends because of one event or deadline: the same if it is handled again, so that
 * the receiver recognises them. Counted by action and entity, since a release may send its commands in another order.
 */
export class CommandIds {
  readonly #of: readonly string[];
  readonly #counts = new Map<string, number>();

  /** `purpose`: separates the commands of a compensation from those of the handler. */
  constructor(cause: string, consumer: string, purpose: "handle" | "compensate" = "handle") {
    this.#of = [cause, consumer, purpose];
  }

  next(action: string, params: unknown): string {
    const entity = entityOfParams(params);
    const key = JSON.stringify([action, entity]);
    const ordinal = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, ordinal);
    return idOf(...this.#of, action, entity, ordinal);
  }
}

/** The id of the `ordinal`-th deadline that is set because of an event or another deadline. */
export const deadlineId = (cause: string, processManager: string, name: string, ordinal: number): string =>
  idOf(cause, processManager, "deadline", name, ordinal);
