import * as fc from "fast-check";
import { cleanUp } from "../support/broker.ts";
import { History } from "./history.ts";
import { law } from "./law.ts";
import { homes } from "./places.ts";
import { deadlySteps, peacefulSteps } from "./step.ts";
import { bringToRest, expectFolded, expectHandled, expectHeard, expectRebuilt, expectStored } from "./whole.ts";

afterEach(cleanUp);

describe.each(homes)("A store with its consumers on %s", (_engine, newHome) => {
  const whatever = (arbitrary: typeof peacefulSteps) =>
    fc.asyncProperty(arbitrary, async (steps) => {
      const history = new History(newHome());
      try {
        await history.start();
        for (const step of steps) await history.take(step);
        await bringToRest(history);
        const events = await expectStored(history);
        await expectFolded(history, events);
        await expectHandled(history, events);
        await expectHeard(history, events);
        await expectRebuilt(history, events, newHome);
      } finally {
        await history.stop();
      }
    });

  law(
    "has tables that are the plain fold of the log and the same as rebuilt ones, whatever is sent, fails and is skipped",
    12,
    whatever(peacefulSteps),
  );

  law(
    "keeps every acknowledged event once, folds it once, handles and hands it over in order, wherever it crashes",
    15,
    whatever(deadlySteps),
  );
});
