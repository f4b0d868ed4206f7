import type { ClaimPage, ScopeName } from "../../../core/log/log-claims.ts";
import type { Claim } from "../../../core/decider/claim.ts";
import { isDamagedEvent } from "../../../core/event/damaged-event.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import { RangeFold, UncheckedError } from "./claim-fold.ts";
import { ClaimRange } from "./claim-range.ts";
import type { LogProblem } from "./log-problem.ts";
import type { VerificationContext } from "./verification-context.ts";

interface Dependencies extends VerificationContext {
  /** The most claims in memory. Default: that of `ClaimRange`. */
  maxClaims?: number;
}

const pageSize = 1000;

/**
 * Folds the claims of each scope from the log, up to their stored position, and compares them with the stored claims in
 * both directions. Memory contains one range of values, a page of events and a page of claims at a time.
 */
export async function verifyClaims(dependencies: Dependencies): Promise<void> {
  const { log, deciderOf, reportUnchecked } = dependencies;
  for (const name of await log.claims.scopes()) {
    try {
      await verifyScope(dependencies, claimOf(deciderOf, name));
    } catch (error) {
      if (!(error instanceof UncheckedError) && !isDamagedEvent(error)) throw error;
      reportUnchecked({ field: "claim", name: name.scope, why: (error as Error).message });
    }
  }
}

/** @throws UncheckedError */
function claimOf(deciderOf: Dependencies["deciderOf"], { scope, definition }: ScopeName): Claim {
  // A decider's name contains no slash, but a claim's may.
  const name = scope.slice(0, scope.indexOf("/"));
  const decider = deciderOf(name);
  if (!decider) throw new UncheckedError(`decider ${name} is not on this node`);
  const claim = decider.claims.find((one) => one.scope === scope);
  if (!claim) throw new UncheckedError(`decider ${name} no longer has this claim`);
  if (claim.fingerprint !== definition)
    throw new UncheckedError(
      "these values were claimed under another definition, of another release: verify them on a node of that release. They are removed after a day without use",
    );
  return claim;
}

async function verifyScope(dependencies: Dependencies, claim: Claim): Promise<void> {
  const { maxClaims } = dependencies;
  for (let after = ""; ;) {
    const range = new ClaimRange(after, maxClaims);
    await verifyRange(dependencies, claim, range);
    if (range.last === null) return;
    after = range.last;
  }
}

/** Claims may change during the verification, so each page is compared with a fold up to the position of that page. */
async function verifyRange(dependencies: Dependencies, claim: Claim, range: ClaimRange): Promise<void> {
  const { log, job, report } = dependencies;
  const { scope, fingerprint } = claim;
  const fold = new RangeFold(dependencies, claim, range);
  for (let isEnd = false; !isEnd;) {
    const page = await log.claims.page(scope, fingerprint, { after: range.after, limit: pageSize });
    await fold.continueTo(positionOf(page, fold.position));
    const claims = page!.claims.filter(({ value }) => !range.isBeyond(value));
    for (const { value, stream } of claims) {
      const expected = range.take(value);
      if (stream !== expected) report(problem(fold.position, scope, value, stream, expected));
    }
    isEnd = claims.length === 0 || claims.length < page!.claims.length;
    if (!isEnd) range.after = claims.at(-1)!.value;
    job.check();
  }
  const pace = new Pace();
  for (const [value, stream] of range.left()) {
    report(problem(fold.position, scope, value, undefined, stream));
    if (pace.isDue()) await pace.turn();
  }
}

/** @throws UncheckedError */
function positionOf(page: ClaimPage | null, folded: number): number {
  if (!page) throw new UncheckedError("its values were removed during the verification");
  if (page.position < folded) throw new UncheckedError("its fold was restarted during the verification");
  return page.position;
}

const problem = (position: number, scope: string, value: string, found?: string, expected?: string): LogProblem => ({
  position,
  field: "claim",
  found: { scope, value, claimant: found ?? null },
  expected: { claimant: expected ?? null },
});
