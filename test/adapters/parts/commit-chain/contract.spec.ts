import { checkChainContract } from "./check-chain-contract.ts";

describe("A chain in memory as a log", () => {
  checkChainContract();
});
