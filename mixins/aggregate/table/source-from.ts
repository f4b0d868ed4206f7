import { EventSource } from "../../consumer/event-source.ts";
import type { ConsumerPage } from "../../consumer/consumer-page.ts";
import { startPosition, type StartPlace } from "../../consumer/start-from.ts";

type Dependencies = ConstructorParameters<typeof EventSource>[0];

interface Definition extends Pick<Dependencies, "store" | "leaseMs" | "catalogue"> {
  name: string;
  startFrom?: StartPlace | undefined;
}

/** The log as a table folds it. */
export function tableSource(
  { name, startFrom, store, leaseMs, catalogue }: Definition,
  given: Omit<Dependencies, "store" | "leaseMs" | "catalogue">,
): EventSource {
  const dependencies = { ...given, store, leaseMs, catalogue };
  return startFrom ? new SourceFrom(name, startFrom, dependencies) : new EventSource(dependencies);
}

/**
 * The log of a table that begins at a place: every fold passes the events before it like unmapped ones. What is before a
 * time follows from the events alone, so every fold, today or in years, begins at the same event.
 */
class SourceFrom extends EventSource {
  readonly #name: string;
  readonly #startFrom: StartPlace;
  /** The position after which a time begins, as it was last found; null before. */
  #found: number | null = null;

  constructor(name: string, startFrom: StartPlace, dependencies: Dependencies) {
    super(dependencies);
    this.#name = name;
    this.#startFrom = startFrom;
  }

  override async page(after: number, limit: number): Promise<ConsumerPage> {
    if (limit === 0) return super.page(after, limit);
    const from = "position" in this.#startFrom ? this.#startFrom.position : this.#found;
    if (from !== null && after >= from) return this.#later(after, limit);
    const position = (this.#found = await startPosition(this.#name, this.#startFrom, this));
    return after < position ? this.#passed(after, position) : this.#later(after, limit);
  }

  /** The end of the log may be older than a time that another node's clock has passed. */
  async #later(after: number, limit: number): Promise<ConsumerPage> {
    const page = await super.page(after, limit);
    if (!("time" in this.#startFrom)) return page;
    const { time } = this.#startFrom;
    return { ...page, events: page.events.filter((event) => event.time >= time.toString()) };
  }

  async #passed(after: number, position: number): Promise<ConsumerPage> {
    const { afterId } = await super.page(after, 0);
    const at = await super.page(position, 0);
    return { ...at, afterId, position, positionId: at.afterId };
  }
}
