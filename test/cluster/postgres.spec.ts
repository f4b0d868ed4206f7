import { checkFaults } from "./check-faults.ts";
import { nodeFaults } from "./node-faults.ts";
import { postgresFaults } from "./postgres-faults.ts";

checkFaults("postgres", [...nodeFaults, ...postgresFaults]);
