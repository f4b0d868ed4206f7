/** The fields of a `status` that say whether a service has what it needs; a store's lacks most of them. */
export interface ServiceStatus {
  state: string;
  cause?: string | null;
  paused?: boolean;
  lag?: number | null;
  parked?: number;
  stale?: boolean;
  rebuilding?: { done: number; total: number; secondsLeft: number | null } | null;
  failing?: { type: string; id: string; process?: string; error: { message: string; type?: string } } | null;
  definitions?: { nodes: string[] }[];
}

/**
 * What a service still needs. `waits`: it comes by itself. `stays`: it comes from an operator or a node of another
 * release. `paused`: an operator wants it so.
 */
export interface Need {
  kind: "waits" | "stays" | "paused";
  why: string;
}

const mostBehind = 1000;
const needsRelease = "needs a release";

/** Null: nothing. @param nodes the nodes that are deployed by now; others may run another release */
export function needOf(status: ServiceStatus, node: string, nodes: readonly string[]): Need | null {
  const { state, paused, parked, failing, rebuilding, stale, lag } = status;
  const cause = status.cause ?? "no cause is known";
  if (state === "stopped") return { kind: "stays", why: `stopped: ${cause}` };
  if (state === "waiting") return { kind: cause.includes(needsRelease) ? "stays" : "waits", why: `waiting: ${cause}` };
  if (state === "starting") return { kind: "waits", why: status.cause ? `starting: ${status.cause}` : "starting" };
  const others = othersOf(status, node, nodes);
  if (others.length > 0) return { kind: "waits", why: `has another definition than on ${others.join(", ")}` };
  if (parked) return { kind: "stays", why: parked === 1 ? "1 event is parked" : `${parked} events are parked` };
  if (rebuilding) return { kind: "waits", why: folded(rebuilding) };
  if (stale) return { kind: "waits", why: "its rows are those of another definition" };
  if (failing) return { kind: failing.error.message.includes(needsRelease) ? "stays" : "waits", why: failed(failing) };
  if (paused) return { kind: "paused", why: "paused" };
  return lag && lag > mostBehind ? { kind: "waits", why: `${lag} events behind` } : null;
}

/** The deployed nodes that run another definition of a shared table. */
function othersOf({ definitions = [] }: ServiceStatus, node: string, nodes: readonly string[]): string[] {
  const isHere = (one: { nodes: string[] }) => one.nodes.includes(node);
  if (!definitions.some(isHere)) return [];
  const elsewhere = definitions.filter((one) => !isHere(one)).flatMap((one) => one.nodes);
  return nodes.filter((one) => elsewhere.includes(one));
}

function folded({ done, total, secondsLeft }: NonNullable<ServiceStatus["rebuilding"]>): string {
  return `folds its rows anew: ${done} of ${total} events${secondsLeft === null ? "" : `, about ${secondsLeft} s left`}`;
}

const failed = ({ type, id, process, error }: NonNullable<ServiceStatus["failing"]>): string =>
  `${type} ${id}${process === undefined ? "" : ` of process ${process}`} fails: ${error.message}`;
