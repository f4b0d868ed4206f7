import { mongodb } from "../../../adapters/mongodb/mongodb.ts";
import { checkAggregate } from "../../adapters/check-journaled-service.ts";
import { cleanUp } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";

afterEach(cleanUp);

describeWith("mongodb", "An aggregate in MongoDB", (server) => {
  checkAggregate(() => mongodb(server().url));
});
