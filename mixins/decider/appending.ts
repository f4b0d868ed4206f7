import type { AppendInput, EventInput } from "../../core/append-request.ts";
import type { Catalogue } from "../../core/catalogue.ts";
import type { DecidedEvent } from "../../core/decided-event.ts";
import type { AppendAnswer } from "../event-store/host.ts";
import type { ClaimKeeper } from "./claim-keeper.ts";
import type { CommandCall } from "./command-call.ts";

interface Dependencies {
  store: string;
  catalogue: Catalogue;
  claims: ClaimKeeper;
}

/** The claims of a busy log may fall behind again while they are being folded. */
const maxFollows = 10;

/** Hands the events of commands to the store, with what they claim. */
export class Appending {
  readonly #d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** @throws DuplicateClaimError, ValidationError, and what the store refuses the append with */
  async append(call: CommandCall, expectedVersion: number, decided: readonly DecidedEvent[]): Promise<AppendAnswer> {
    const { claims, store } = this.#d;
    const { ctx, stream, key } = call;
    const events = this.toStore(call, decided);
    const changes = claims.changes(stream, events);
    const input: AppendInput = { stream, expectedVersion, events, key };
    if (changes.length > 0) input.claims = claims.scoped(changes);
    for (let follows = 0; ; follows++) {
      try {
        return await ctx.call<AppendAnswer, AppendInput>(`${store}.append`, input);
      } catch (error) {
        const { type } = (error ?? {}) as { type?: unknown };
        if (type === "DUPLICATE_CLAIM") throw claims.explained(error, changes);
        if (type !== "CLAIMS_BEHIND" || follows >= maxFollows) throw error;
        await claims.follow(ctx);
      }
    }
  }

  /** Events as they are handed to the store. */
  toStore({ tag }: CommandCall, decided: readonly DecidedEvent[]): EventInput[] {
    const { entries } = this.#d.catalogue;
    return decided.map(({ type, payload = {}, meta }) => {
      // The host of the store may know a later catalogue than the service that makes the event.
      const schemaVersion = entries.get(type)?.version;
      return {
        type,
        payload,
        meta: { ...(schemaVersion !== undefined && { schemaVersion }), ...meta, command: tag },
      };
    });
  }
}
