import type { Speculation } from "../../core/log/speculative.ts";
import { recordFormerNames } from "../service/record-former-names.ts";
import { callInner } from "../service/between-nodes.ts";
import type { AppendInput } from "../../core/log/append-request.ts";
import { EventTooLargeError } from "../../core/errors/errors.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import type { CommandTag } from "../../core/log/command-tag.ts";
import type { EventInput } from "../../core/log/new-event.ts";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import type { DecidedEvent } from "../../core/decider/decided-event.ts";
import type { StoredAnswer } from "../event-store/append/appends.ts";
import { isFromAnotherNode, maxMessageBytes } from "../service/message-size.ts";
import type { ClaimKeeper, ClaimsOfCommand } from "./claim-keeper.ts";
import type { CommandCall } from "./command-call.ts";

interface Dependencies {
  store: string;
  catalogue: Catalogue;
  claims: ClaimKeeper;
}

/** The events of a command and their changes of claims. */
export interface Prepared {
  events: EventInput[];
  changes: ClaimsOfCommand[];
}

/** Bytes that the store adds to an event: id, position, version, time, correlation and causation. */
const bytesAround = 400;

/** Bounds the retries of an append: in a busy log the claims may fall behind again while they are folded. */
const maxCatchUps = 10;

/** Appends the events and claims of a command to the store. */
export class DecisionAppender {
  readonly #d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** @throws ValidationError; EventTooLargeError if the command's result would not fit into one message */
  prepare(call: CommandCall, decided: readonly DecidedEvent[]): Prepared {
    const events = this.toStore(decided);
    if (events.length > 1 && isFromAnotherNode(call.ctx)) assertResultFits(events, call.tag);
    return { events, changes: this.#d.claims.changes(call.stream, events) };
  }

  /** @throws DuplicateClaimError, and any error of the store's `append` */
  async append(
    { ctx, stream, appendId, tag }: CommandCall,
    { events, changes }: Prepared,
    expectedVersion: number,
    speculation?: Speculation,
  ): Promise<StoredAnswer> {
    const { claims, store, catalogue } = this.#d;
    for (const { type } of events) {
      const formerNames = catalogue.formerNames.get(type);
      if (formerNames) await recordFormerNames(ctx, store, { type, formerNames });
    }
    const input: AppendInput = {
      stream,
      expectedVersion,
      events,
      command: tag,
      ...(speculation && { speculation }),
    };
    if (changes.length > 0) input.claims = claims.scoped(changes);
    for (let catchUps = 0; ; catchUps++) {
      try {
        return await callInner<StoredAnswer>(ctx, store, "append", input, appendId);
      } catch (error) {
        const { type } = (error ?? {}) as { type?: unknown };
        if (type === "DUPLICATE_CLAIM") throw claims.explained(error, changes);
        if (type !== "CLAIMS_BEHIND" || catchUps >= maxCatchUps) throw error;
        await claims.catchUp(ctx);
      }
    }
  }

  /** Converts decided events into the input of an append. */
  toStore(decided: readonly DecidedEvent[]): EventInput[] {
    const { entries } = this.#d.catalogue;
    return decided.map(({ type, payload = {}, meta }) => {
      // The store's host may have a newer catalogue than this service, so the version must be given.
      const schemaVersion = entries.get(type)?.schemaVersion;
      return { type, payload, meta: { ...(schemaVersion !== undefined && { schemaVersion }), ...meta } };
    });
  }
}

/** Throws before the append: a command whose events are stored but whose result cannot be sent would look failed. */
function assertResultFits(events: readonly EventInput[], tag: CommandTag): void {
  const json = toJson("events", events);
  // The store rejects events that are not JSON.
  const bytes = isProblem(json)
    ? 0
    : Buffer.byteLength(json.text) + events.length * (bytesAround + Buffer.byteLength(JSON.stringify(tag)));
  if (bytes > maxMessageBytes) throw new EventTooLargeError("events", bytes, maxMessageBytes);
}
