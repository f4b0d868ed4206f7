import { same } from "../kit/same.ts";
import { taking } from "./claims.ts";
import type { LogCases } from "./log-fixture.ts";
import { appendTo, appended, refused } from "./requests.ts";

/** Claims after a restart of the host. */
export const claimsReopened: LogCases = {
  "is claimed as before, and unfolded events are known": async (fixture) => {
    let log = await fixture.open();
    await log.claims.begin("name", "v1", ["name.taken"]);
    await appended(log, taking("a", { ann: true }), taking("b", { bob: true }), taking("b", { bob: false }));
    log = await fixture.reopen(log);
    same(await log.claims.claimants("name", "v1", ["ann", "bob"]), { ann: "a" });
    same(refused((await log.append([taking("b", { ann: true })]))[0]).data, {
      scope: "name",
      value: "ann",
      stream: "b",
      claimant: "a",
    });
    await appended(log, appendTo("c", [{ type: "name.taken" }]));
    log = await fixture.reopen(log);
    same(await log.claims.begin("name", "v1", ["name.taken"]), {
      definition: "v1",
      types: ["name.taken"],
      position: 3,
      unfolded: 4,
    });
    same(refused((await log.append([taking("d", { carl: true })]))[0]).type, "CLAIMS_BEHIND");
  },
};
