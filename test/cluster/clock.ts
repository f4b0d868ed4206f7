// Imported before any other module reads the clock. Makes the wall clock of this process adjustable; the monotonic
// clock, which measures durations, is unchanged.

let shiftMs = 0;

/** Sets this process's wall clock ahead of, or behind, the machine's. */
export function shiftClock(ms: number): void {
  shiftMs = ms;
}

const real = Date;
const now = () => real.now() + shiftMs;

globalThis.Date = new Proxy(real, {
  apply: () => new real(now()).toString(),
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
  get: (target, key, receiver) => (key === "now" ? now : (Reflect.get(target, key, receiver) as unknown)),
});
