/** Sets the wall clock of this process ahead; its monotonic clock is unchanged. */
export function shiftClock(aheadMs: number): void {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [RealDate.now() + aheadMs] : given) as [number]));
    }
    static override now = () => RealDate.now() + aheadMs;
  } as DateConstructor;
}
