import { same } from "../kit/same.ts";
import { at, parked, type TableCases } from "./table-fixture.ts";

/** Parked events of a generation. */
export const parkedEvents: TableCases = {
  "is listed in the order of positions, until it is taken out": async (fixture) => {
    const table = await fixture.open();
    const [first, second, third] = [
      parked("e1", 3),
      parked("e2", 12, { error: null, waiting: 100_000, givenUp: ["e4"] }),
      parked("e3", 100),
    ];
    const batch = await table.live().begin();
    for (const event of [third, second, first]) await batch.park(event);
    await batch.commit(at(100));
    same(await table.live().parked(), [first, second, third]);

    const again = { ...first, attempts: 4 };
    const next = await table.live().begin();
    await next.park(again);
    await next.unpark("e2");
    await next.unpark("unknown");
    await next.commit(at(100));
    same(await table.live().parked(), [again, third]);
  },

  "stays parked if its batch undoes its removal": async (fixture) => {
    const table = await fixture.open();
    const first = await table.live().begin();
    await first.park(parked("e1", 1));
    await first.commit(at(1));
    const second = await table.live().begin();
    await second.mark();
    await second.unpark("e1");
    await second.undo();
    await second.commit(at(2));
    same(await table.live().parked(), [parked("e1", 1)]);
  },
};
