import { onDisk } from "../contract/nedb-port.ts";
import { cleanUp } from "../support/broker.ts";
import { checkAggregate } from "./check-journaled-service.ts";

afterEach(cleanUp);

describe("An aggregate in NeDB, fenced", () => {
  checkAggregate(onDisk);
});
