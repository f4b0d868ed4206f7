import { described, safeText } from "../../core/errors/problem.ts";
import type { Context } from "moleculer";
import type { Page } from "../../core/log/event-log.ts";
import type { EventInput } from "../../core/log/new-event.ts";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { NewerEventError } from "../../core/catalogue/newer-event.ts";
import { storedPatterns } from "../../core/catalogue/stored-types.ts";
import { upcast } from "../../core/catalogue/upcast.ts";
import { payloadToStore } from "../../core/catalogue/catalogue-check.ts";
import { DuplicateClaimError } from "../../core/log/claim-errors.ts";
import {
  maxClaimChanges,
  maxClaimValues,
  type ClaimFold,
  type ClaimScope,
  type ScopedClaims,
  type TwiceClaimed,
} from "../../core/log/log-claims.ts";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import { DefinitionError, ValidationError } from "../../core/errors/errors.ts";
import { innerName, spoken } from "../service/between-nodes.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { valueAt } from "../../core/decider/claim-path.ts";
import { claimChanges, typesOf, type Claim, type ClaimingEvent, type GivenChange } from "../../core/decider/claim.ts";

type Caller = Pick<Context, "call">;

/** The changes that the events of a command make to one claim. */
export interface ClaimsOfCommand {
  claim: Claim;
  changes: GivenChange[];
}

const eventsPerPage = 1000;
/** A fold ends with the event that exceeds this. The margin is the changes of one event. */
const changesPerFold = maxClaimChanges - 2000;
const charactersPerFold = 128 * 1024;

/** Computes the claims of a decider's events, and folds claims from the log if the store's are behind it. */
export class ClaimKeeper {
  readonly #claims: readonly Claim[];
  readonly #store: string;
  readonly #catalogue: Catalogue;
  readonly #warn: (message: string, details: object) => void;
  /** Rules that were warned about. */
  readonly #warned = new Set<string>();
  #catchingUp: Promise<void> | null = null;

  constructor(
    { claims }: DeciderDefinition,
    store: string,
    catalogue: Catalogue,
    warn: (message: string, details: object) => void,
  ) {
    this.#claims = claims;
    this.#store = store;
    this.#catalogue = catalogue;
    this.#warn = warn;
  }

  /** The changes of these events, by claim. Omits claims without changes. @throws ValidationError, InvalidDecisionError */
  changes(stream: string, events: readonly EventInput[]): ClaimsOfCommand[] {
    return this.#claims.flatMap((claim) => {
      const types = typesOf(claim);
      const concerned = events.flatMap((event, index) =>
        types.includes(event.type) ? [this.#asStored(stream, event, index)] : [],
      );
      for (const event of concerned) this.#warnOfNothing(claim, event);
      return concerned.length === 0 ? [] : [{ claim, changes: claimChanges(claim, concerned) }];
    });
  }

  /** Without a catalogue, a mistyped path looks like an optional field that is absent. Null says that there is no value. */
  #warnOfNothing({ scope, rules }: Claim, { type, payload }: ClaimingEvent): void {
    const path = rules.get(type)?.claim;
    const rule = `${scope} ${type}`;
    if (typeof path !== "string" || this.#warned.has(rule) || this.#catalogue.entries.has(type)) return;
    if (valueAt(scope, path, payload) !== undefined) return;
    this.#warned.add(rule);
    this.#warn(
      `${scope}: found no value at ${path} in the payload of ${type}, so it claims nothing; null says that this is meant, and a catalogue of the events (the store's option events) checks the path`,
      {},
    );
  }

  /** The event as it will be stored: claims may be folded again from stored events, and must come out the same. */
  #asStored(stream: string, event: EventInput, index: number): ClaimingEvent {
    const stored = payloadToStore(this.#catalogue, `events.${index}`, stream, event);
    if (Array.isArray(stored)) throw new ValidationError(stored);
    return { type: event.type, stream, payload: stored.value };
  }

  scoped(changes: readonly ClaimsOfCommand[]): ScopedClaims[] {
    return changes.map(({ claim: { scope, fingerprint: definition }, changes: own }) => ({
      scope,
      definition,
      changes: own.map(({ value, claimed }) => ({ value, claimed })),
    }));
  }

  /** Converts the store's DuplicateClaimError: adds the claim's name and the value as it was given. */
  explained(error: unknown, changes: readonly ClaimsOfCommand[]): DuplicateClaimError {
    const { scope, value, stream, claimant } = (error as DuplicateClaimError).data as Record<string, string>;
    const of = changes.find(({ claim }) => claim.scope === scope)!;
    const given = of.changes.find((change) => change.value === value)?.given ?? value!;
    return duplicate(of.claim, given, stream!, claimant!);
  }

  /** @throws DuplicateClaimError if another stream has claimed a value */
  async check(ctx: Caller, stream: string, changes: readonly ClaimsOfCommand[]): Promise<void> {
    if (changes.length === 0) return;
    await this.catchUp(ctx);
    for (const { claim, changes: own } of changes) {
      const wanted = own.filter(({ claimed }) => claimed);
      for (let from = 0; from < wanted.length; from += maxClaimValues)
        await this.#checkSome(ctx, stream, claim, wanted.slice(from, from + maxClaimValues));
    }
  }

  async #checkSome(ctx: Caller, stream: string, claim: Claim, wanted: GivenChange[]): Promise<void> {
    const { scope, fingerprint: definition } = claim;
    const values = wanted.map(({ value }) => value!);
    const claimants: Record<string, string> = await ctx.call(
      `${innerName(this.#store)}.claimants`,
      { scope, definition, values },
      spoken,
    );
    for (const { value, given } of wanted) {
      // A value may be the name of an inherited property, such as "constructor".
      const claimant = Object.hasOwn(claimants, value!) ? claimants[value!]! : stream;
      if (claimant !== stream) throw duplicate(claim, given!, stream, claimant);
    }
  }

  /** Folds the missing events. Concurrent calls share one run. */
  async catchUp(ctx: Caller): Promise<void> {
    this.#catchingUp ??= this.#catchUpAll(ctx).finally(() => (this.#catchingUp = null));
    await this.#catchingUp;
  }

  async #catchUpAll(ctx: Caller): Promise<void> {
    const pace = new Pace();
    for (const claim of this.#claims)
      while (!(await this.#foldPage(ctx, claim, pace))) if (pace.isDue()) await pace.turn();
  }

  /** Folds one page. Returns true if the claims were already up to date. */
  async #foldPage(ctx: Caller, claim: Claim, pace: Pace): Promise<boolean> {
    const { scope, fingerprint: definition } = claim;
    // With former names: an older release, or an import, stores them without claims.
    const isOfClaim = (type: string) => claim.rules.has(type);
    const types = storedPatterns(this.#catalogue, typesOf(claim), isOfClaim);
    const { position: after, unfolded }: ClaimScope = await ctx.call(
      `${innerName(this.#store)}.beginClaims`,
      {
        scope,
        definition,
        types,
      },
      spoken,
    );
    if (after >= unfolded) return true;
    // The store's host may run a newer release: an older event that it has upcast would look too new here.
    const raw = this.#catalogue.entries.size > 0 && { raw: true };
    const page: Page = await ctx.call(`${this.#store}.read`, { after, types, limit: eventsPerPage, ...raw });
    const { events } = page;
    const missing = events.filter((event) => event.position <= unfolded);
    let position = Math.min(page.position, unfolded);
    const changes: ClaimFold["changes"][number][] = [];
    let characters = 0;
    for (const event of missing) {
      for (const { value, claimed } of this.#changesOf(claim, event)) {
        changes.push({ value, claimed, stream: event.stream });
        characters += (value?.length ?? 0) + event.stream.length;
      }
      if (changes.length > changesPerFold || characters > charactersPerFold) {
        position = event.position;
        break;
      }
      if (pace.isDue()) await pace.turn();
    }
    const fold: ClaimFold = { scope, definition, after, position, changes };
    // Null if another node has folded the page meanwhile. The next call reads the new position.
    const folded: { twice: TwiceClaimed[] } | null = await ctx.call(
      `${innerName(this.#store)}.foldClaims`,
      fold,
      spoken,
    );
    if (folded && folded.twice.length > 0)
      this.#warn(`${scope}: the log claims values twice; each stays with the first stream that claimed it`, {
        twice: folded.twice,
      });
    return false;
  }

  /**
   * The changes of a stored event. What an event of a newer release claims cannot be known here, and to pass over it could
   * claim a value twice.
   * @throws NewerEventError; DefinitionError with the event, because the caller's own command is valid
   */
  #changesOf(claim: Claim, event: RecordedEvent): GivenChange[] {
    try {
      return claimChanges(claim, upcast(this.#catalogue, event));
    } catch (error) {
      if (error instanceof NewerEventError) throw error;
      const { type, stream, version } = event;
      const refusal = new DefinitionError({
        field: claim.scope,
        found: described(safeText(error)),
        expected: `rules and a catalogue that can read the stored event ${type}, stream ${stream}, version ${version}`,
      });
      refusal.cause = error;
      throw refusal;
    }
  }
}

/** The error for a caller: with the claim's name and the value as it was given. */
export function duplicate(claim: Claim, given: string | number, stream: string, claimant: string): DuplicateClaimError {
  const error = new DuplicateClaimError(claim.scope, String(given), stream);
  Object.defineProperty(error, "claimant", { value: claimant });
  error.data = { ...(error.data as object), claim: claim.name, value: given };
  return error;
}
