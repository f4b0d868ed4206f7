import type { ServiceBroker } from "moleculer";
import { innerName, spoken } from "../service/between-nodes.ts";
import { isPlainJson } from "../../core/decider/options.ts";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import type { Folded, StateSnapshot } from "../../core/decider/rehydrate.ts";

/** Every transporter carries so many bytes in one message, with room for the packet's other fields. */
const maxBytes = 512 * 1024;

/**
 * Saves state snapshots in the background: one at a time, and only the newest of each stream. A lost snapshot costs only
 * time, because its events are folded again.
 */
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
    // The command's result is sent first.
    await new Promise((turn) => setImmediate(turn));
    for (const [stream, entity] of this.#waiting) {
      this.#waiting.delete(stream);
      try {
        await this.#writeOne(stream, entity);
      } catch (error) {
        this.#warnOnce("A state snapshot was not saved; its events are folded again", { stream, error });
      }
    }
  }

  async #writeOne(stream: string, { state, version, position, time, eventId }: Folded): Promise<void> {
    const { name, fingerprint: definition } = this.#decider;
    if (!isPlainJson(state))
      return this.#warnOnce("A state is not plain JSON, so no snapshot of it is stored", { stream, version });
    const bytes = Buffer.byteLength(JSON.stringify(state));
    if (bytes > maxBytes)
      return this.#warnOnce("A state is too large for a snapshot", { stream, version, bytes, maxBytes });
    const snapshot: StateSnapshot = { definition, version, position, time: time!, eventId: eventId!, state };
    await this.#broker.call(`${innerName(this.#store)}.saveSnapshot`, { key: `${name}/${stream}`, snapshot }, spoken);
  }

  #warnOnce(message: string, details: object): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#warn(`${this.#decider.name}: ${message}`, details);
  }
}
