import { checkTableContract } from "../../contract/check-table-contract.ts";
import { onDisk, shared } from "../../contract/nedb-port.ts";

describe("NeDB on disk, fenced", () => {
  checkTableContract(onDisk, new URL("../../contract/nedb-port.ts", import.meta.url).href);
});

describe("NeDB that several hosts share, fenced", () => {
  checkTableContract(shared);
});
