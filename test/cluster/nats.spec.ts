import { checkFaults } from "./check-faults.ts";
import { natsFaults } from "./nats-faults.ts";
import { nodeFaults } from "./node-faults.ts";

checkFaults("nats", [...nodeFaults, ...natsFaults]);
