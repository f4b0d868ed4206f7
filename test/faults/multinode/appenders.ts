import type { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import type { Moved, Movement } from "../../support/accounts.ts";
import { commandOf, named } from "../../support/command-of.ts";

/** Callers that append until they are stopped, and send an append without a response again with its id. */
export class Appenders {
  readonly acknowledged = new Map<string, { position: number; version: number }>();
  readonly sent = new Map<string, Moved>();
  /** Errors other than outages; none are expected. */
  readonly refused: unknown[] = [];
  repeated = 0;
  readonly #broker: ServiceBroker;
  readonly #callers: Promise<void>[];
  #isStopping = false;

  constructor(broker: ServiceBroker, callers: number) {
    this.#broker = broker;
    this.#callers = Array.from({ length: callers }, (_, caller) =>
      this.#appendForEver(`a${caller}`).catch((error: unknown) => void this.refused.push(error)),
    );
  }

  /** Stops, and waits until every append is acknowledged. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#callers);
  }

  async #appendForEver(account: string): Promise<void> {
    for (let amount = 1; !this.#isStopping && this.#broker.started; amount++) {
      const id = v7();
      this.sent.set(id, { account, amount });
      const { position, version } = await this.#untilAnswered({ account, amount }, id);
      this.acknowledged.set(id, { position, version });
      // Slow enough for a table that makes a remote call per event.
      await new Promise((next) => setTimeout(next, 10));
    }
  }

  async #untilAnswered(params: object, commandId: string): Promise<Movement> {
    for (;;) {
      try {
        return await this.#broker.call("accounts.move", params, { timeout: 1000, ...named(commandId) });
      } catch (error) {
        const { type, code } = error as { type?: string; code?: number };
        if (code !== 404 && !["REQUEST_TIMEOUT", "REQUEST_REJECTED", "STORE_UNAVAILABLE"].includes(type ?? ""))
          this.refused.push(error);
        if (!this.#broker.started) throw error;
        this.repeated++;
        await new Promise((turn) => setTimeout(turn, 20));
      }
    }
  }
}

/** Compares a log with the appends: each acknowledged event is there once, and no event that was not sent. */
export function checkLog(log: readonly Movement[], { refused, sent, acknowledged }: Appenders): void {
  expect(refused).toEqual([]);
  const versions = new Map<string, number>();
  for (const [index, { position, stream, version }] of log.entries()) {
    if (position !== index + 1 || version !== (versions.get(stream) ?? 0) + 1)
      throw new Error(`a hole or twin at position ${position}, ${stream} version ${version}`);
    versions.set(stream, version);
  }
  const byId = new Map(log.map((event) => [commandOf(event), event]));
  expect(byId.size).toBe(log.length);
  for (const [id, { position, version }] of acknowledged)
    expect(byId.get(id)).toMatchObject({ position, version, payload: sent.get(id) });
  for (const id of byId.keys()) expect(sent.has(id)).toBe(true);
}
