import { sqlite } from "../../adapters/sqlite/sqlite.ts";
import { checkContract } from "./check-contract.ts";

const inProcess = new URL("./sqlite-port.ts", import.meta.url).href;
checkContract("SQLite", (folder) => sqlite(`${folder}/x.db`), inProcess);
