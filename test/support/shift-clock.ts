/** Sets the clock on the wall of this process so far ahead; its monotonic clock stays as it is. */
export function shiftClock(aheadMs: number): void {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [RealDate.now() + aheadMs] : given) as [number]));
    }
    static override now = () => RealDate.now() + aheadMs;
  } as DateConstructor;
}
