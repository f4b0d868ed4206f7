import type { ServiceBroker } from "moleculer";
import { isPlainJson } from "../../core/decider/options.ts";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import type { Folded, StateSnapshot } from "../../core/decider/rehydrate.ts";

/** What every transporter carries in one message, with room for the rest of it. */
const maxBytes = 512 * 1024;

/** Saves state snapshots after the answer: one at a time, and of each stream only the newest. What is lost is folded again. */
export class SnapshotWriter {
  readonly #decider: DeciderDefinition;
  readonly #store: string;
  readonly #broker: ServiceBroker;
  readonly #warn: (message: string, details: object) => void;
  readonly #waiting = new Map<string, Folded>();
  readonly #warned = new Set<string>();
  #writing: Promise<void> | null = null;

  constructor(
    decider: DeciderDefinition,
    store: string,
    broker: ServiceBroker,
    warn: (message: string, details: object) => void,
  ) {
    this.#decider = decider;
    this.#store = store;
    this.#broker = broker;
    this.#warn = warn;
  }

  save(stream: string, entity: Folded): void {
    this.#waiting.set(stream, entity);
    this.#writing ??= this.#write().finally(() => (this.#writing = null));
  }

  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    // Not before the command that led here has its answer.
    await new Promise((turn) => setImmediate(turn));
    for (const [stream, entity] of this.#waiting) {
      this.#waiting.delete(stream);
      try {
        await this.#writeOne(stream, entity);
      } catch (error) {
        this.#warnOnce("A state snapshot was not saved; what it holds is folded again", { stream, error });
      }
    }
  }

  async #writeOne(stream: string, { state, version, position, time, eventId }: Folded): Promise<void> {
    const { name, fingerprint: definition } = this.#decider;
    if (!isPlainJson(state))
      return this.#warnOnce("A state is no plain JSON, so no snapshot of it is kept", { stream, version });
    const bytes = Buffer.byteLength(JSON.stringify(state));
    if (bytes > maxBytes)
      return this.#warnOnce("A state is too large for a snapshot", { stream, version, bytes, maxBytes });
    const snapshot: StateSnapshot = { definition, version, position, time: time!, eventId: eventId!, state };
    await this.#broker.call(`${this.#store}.saveSnapshot`, { key: `${name}/${stream}`, snapshot });
  }

  #warnOnce(message: string, details: object): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#warn(`${this.#decider.name}: ${message}`, details);
  }
}
