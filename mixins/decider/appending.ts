import type { Speculation } from "../../core/log/speculative.ts";
import type { AppendInput } from "../../core/log/append-request.ts";
import { EventTooLargeError } from "../../core/errors/errors.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import type { CommandTag } from "../../core/log/command-tag.ts";
import type { EventInput } from "../../core/log/new-event.ts";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import type { DecidedEvent } from "../../core/decider/decided-event.ts";
import type { AppendAnswer } from "../event-store/append/appends.ts";
import { callStore, isFromAnotherNode, maxMessageBytes } from "../service/message-size.ts";
import type { ClaimKeeper, ClaimsOfCommand } from "./claim-keeper.ts";
import type { CommandCall } from "./command-call.ts";

interface Dependencies {
  store: string;
  catalogue: Catalogue;
  claims: ClaimKeeper;
}

/** The events of a command, with what they claim. */
export interface Prepared {
  events: EventInput[];
  changes: ClaimsOfCommand[];
}

/** What the store adds to an event: its id, its place and time, and what led to it. */
const bytesAround = 400;

/** The claims of a busy log may fall behind again while they are being folded. */
const maxFollows = 10;

/** Hands the events of commands to the store, with what they claim. */
export class Appending {
  readonly #d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** @throws ValidationError; EventTooLargeError where the answer would be more than one message carries */
  prepare(call: CommandCall, decided: readonly DecidedEvent[]): Prepared {
    const events = this.toStore(decided);
    if (events.length > 1 && isFromAnotherNode(call.ctx)) refuseTooLargeAnswer(events, call.tag);
    return { events, changes: this.#d.claims.changes(call.stream, events) };
  }

  /** @throws DuplicateClaimError, and what the store refuses the append with */
  async append(
    { ctx, stream, key, tag }: CommandCall,
    { events, changes }: Prepared,
    expectedVersion: number,
    speculation?: Speculation,
  ): Promise<AppendAnswer> {
    const { claims, store } = this.#d;
    const input: AppendInput = {
      stream,
      expectedVersion,
      events,
      key,
      command: tag,
      ...(speculation && { speculation }),
    };
    if (changes.length > 0) input.claims = claims.scoped(changes);
    for (let follows = 0; ; follows++) {
      try {
        return await callStore<AppendAnswer>(ctx, store, "append", input);
      } catch (error) {
        const { type } = (error ?? {}) as { type?: unknown };
        if (type === "DUPLICATE_CLAIM") throw claims.explained(error, changes);
        if (type !== "CLAIMS_BEHIND" || follows >= maxFollows) throw error;
        await claims.follow(ctx);
      }
    }
  }

  /** Events as they are handed to the store. */
  toStore(decided: readonly DecidedEvent[]): EventInput[] {
    const { entries } = this.#d.catalogue;
    return decided.map(({ type, payload = {}, meta }) => {
      // The host of the store may know a later catalogue than the service that makes the event.
      const schemaVersion = entries.get(type)?.version;
      return { type, payload, meta: { ...(schemaVersion !== undefined && { schemaVersion }), ...meta } };
    });
  }
}

/** Stored, but not answered, a command would look like one that failed. */
function refuseTooLargeAnswer(events: readonly EventInput[], tag: CommandTag): void {
  const json = toJson("events", events);
  // What is no JSON is for the store to refuse.
  const bytes = isProblem(json)
    ? 0
    : Buffer.byteLength(json.text) + events.length * (bytesAround + Buffer.byteLength(JSON.stringify(tag)));
  if (bytes > maxMessageBytes) throw new EventTooLargeError("events", bytes, maxMessageBytes);
}
