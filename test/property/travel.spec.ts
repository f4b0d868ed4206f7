import * as fc from "fast-check";
import { cleanUp } from "../support/broker.ts";
import { History } from "./history.ts";
import { law } from "./law.ts";
import { homes } from "./places.ts";
import { deadlyTravellingSteps, travellingSteps } from "./step.ts";
import { bringToRest, expectFolded, expectStored } from "./whole.ts";
import { expectEveryMoment, expectRebuiltHere, expectRestored, expectVerified, expectWithout } from "./travelled.ts";
import type { ThingEvent } from "./things.ts";

afterEach(cleanUp);

describe.each(homes)("A table that is restored and rebuilt on %s", (_engine, newHome) => {
  const afterAll = (
    arbitrary: typeof travellingSteps,
    check: (history: History, events: readonly ThingEvent[]) => Promise<void>,
  ) =>
    fc.asyncProperty(arbitrary, async (steps) => {
      const history = new History(newHome());
      try {
        await history.start();
        for (const step of steps) await history.take(step);
        await bringToRest(history);
        await check(history, await expectStored(history));
      } finally {
        await history.stop();
      }
    });

  law(
    "is the plain fold of the log, as are each snapshot with its tail and the rebuilt table, wherever it crashes or is lost",
    8,
    afterAll(deadlyTravellingSteps, async (history, events) => {
      await expectVerified(history, await expectFolded(history, events));
      await expectRestored(history, events);
      await expectRebuiltHere(history, events);
    }),
  );

  law(
    "was at each moment, and would be without some of its events, what a plain fold says",
    10,
    afterAll(travellingSteps, async (history, events) => {
      await expectEveryMoment(history, events);
      await expectWithout(history, events);
    }),
  );
});
