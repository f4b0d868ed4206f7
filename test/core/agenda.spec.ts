import fc from "fast-check";
import { Agenda } from "../../core/agenda.ts";

describe("An agenda", () => {
  it("hands out each key once, at its last moment, the earliest first", () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ key: fc.nat(8).map(String), at: fc.option(fc.nat(50)) }) },
      { weight: 1, arbitrary: fc.record({ until: fc.nat(60), limit: fc.integer({ min: 1, max: 4 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
        const agenda = new Agenda();
        const plain = new Map<string, number>();
        for (const one of steps) {
          if ("key" in one) {
            agenda.set(one.key, one.at);
            if (one.at === null) plain.delete(one.key);
            else plain.set(one.key, one.at);
          } else {
            const due = agenda.take(one.until, one.limit);
            const moments = [...plain.values()].filter((at) => at <= one.until).toSorted((a, b) => a - b);
            expect(due.map(({ key }) => plain.get(key))).toEqual(moments.slice(0, one.limit));
            for (const { key, at } of due) {
              expect(plain.get(key)).toBe(at);
              plain.delete(key);
            }
          }
          expect(agenda.next).toBe(plain.size === 0 ? null : Math.min(...plain.values()));
        }
      }),
    );
  });
});
