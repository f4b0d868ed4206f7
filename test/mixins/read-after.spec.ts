import { commands, entriesHost, hostedStore } from "../support/accounts.ts";
import { cleanUp, newFolder, startBroker } from "../support/broker.ts";
import { readAfterCases } from "../support/read-after-cases.ts";

afterEach(cleanUp);

describe("One's own writes", () => {
  readAfterCases(async ({ caller, transform, host = {}, ...options }) => {
    const folder = newFolder();
    const events = hostedStore(folder);
    return startBroker([commands(events), ...caller, transform, entriesHost(folder, options)], host);
  });
});
