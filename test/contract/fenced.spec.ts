import { checkTableContract } from "./check-table-contract.ts";
import { onDisk, shared } from "./nedb-port.ts";

describe("NeDB on disk, fenced", () => {
  checkTableContract(onDisk, new URL("./nedb-port.ts", import.meta.url).href);
});

describe("NeDB that several hosts share, fenced", () => {
  checkTableContract(shared);
});
