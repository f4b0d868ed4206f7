import * as fc from "fast-check";
import { Agenda } from "../../../core/process/agenda.ts";
import { seed } from "../../support/chance.ts";

/** The same with a plain map; returns the due entries. */
function take(plain: Map<string, number>, until: number, limit: number): number[] {
  const moments = [...plain.values()].filter((at) => at <= until);
  return moments.toSorted((a, b) => a - b).slice(0, limit);
}

function set(plain: Map<string, number>, key: string, at: number | null): void {
  if (at === null) plain.delete(key);
  else plain.set(key, at);
}

describe("An agenda", () => {
  it("hands out each key once, at its last moment, the earliest first", () => {
    const change = fc.record({ key: fc.nat(8).map(String), at: fc.option(fc.nat(50)) });
    const taken = fc.record({ until: fc.nat(60), limit: fc.integer({ min: 1, max: 4 }) });
    const rounds = fc.array(fc.record({ changes: fc.array(change), taken }), { maxLength: 60, size: "max" });
    fc.assert(
      fc.property(rounds, (all) => {
        const agenda = new Agenda();
        const plain = new Map<string, number>();
        for (const {
          changes,
          taken: { until, limit },
        } of all) {
          for (const { key, at } of changes) {
            agenda.set(key, at);
            set(plain, key, at);
          }
          expect(agenda.next).toBe(take(plain, Infinity, 1)[0] ?? null);
          const expected = take(plain, until, limit);
          const due = agenda.take(until, limit);
          expect(due.map(({ at }) => at)).toEqual(expected);
          expect(due.map(({ key }) => plain.get(key))).toEqual(expected);
          for (const { key } of due) expect(plain.delete(key)).toBe(true);
        }
      }),
      { seed },
    );
  });
});
