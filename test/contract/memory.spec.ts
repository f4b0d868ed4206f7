import { memory } from "../../adapters/memory/memory.ts";
import { checkContract } from "./check-contract.ts";

checkContract("Memory", () => memory());
