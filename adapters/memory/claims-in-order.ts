import type { ClaimPage } from "../../core/log/log-claims.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { sortInTurns } from "../../core/query/sort-in-turns.ts";
import { compareText } from "../../core/text/text-order.ts";
import { firstAfter } from "../parts/rows/keys-in-order.ts";

/**
 * Pages through the claims of a generation. The first page sorts all claims, and the following pages read that snapshot:
 * with a million claims, sorting for each page would take longer than the claims stay unchanged.
 */
export class ClaimsInOrder {
  readonly #moments = new Map<string, Promise<ClaimPage>>();

  /** @param now returns the current claims of the generation */
  async page(
    generation: string,
    { after = "", limit }: { after?: string; limit: number },
    now: () => ClaimPage,
  ): Promise<ClaimPage> {
    let moment = after === "" ? undefined : this.#moments.get(generation);
    if (!moment) this.#moments.set(generation, (moment = sorted(now())));
    const page = await moment;
    const first = firstAfter(page.claims, after, ({ value }) => value);
    const claims = page.claims.slice(first, first + limit);
    if (claims.length === 0 && this.#moments.get(generation) === moment) this.#moments.delete(generation);
    return { ...page, claims };
  }
}

const sorted = async (page: ClaimPage): Promise<ClaimPage> => ({
  ...page,
  claims: await sortInTurns(page.claims, (a, b) => compareText(a.value, b.value), new Pace()),
});
