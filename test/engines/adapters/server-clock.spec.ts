import { jest } from "@jest/globals";
import { engines } from "../../../adapters/engines.ts";
import { resolveAdapter } from "../../../core/adapter.ts";
import { appended, appendTo } from "../../../testing/event-log/requests.ts";
import { cleanUp, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";

const minutes = 60_000;

afterEach(async () => {
  jest.restoreAllMocks();
  await cleanUp();
});

const places = {
  "nats-server": (url: string) => `${url}?folder=${newFolder()}`,
  mongodb: (url: string) => `${url}/clock?folder=${newFolder()}`,
};

for (const engine of ["nats-server", "mongodb"] as const)
  describeWith(engine, `The times of a log on ${engine}`, (server) => {
    it("follow the server's clock where the host's is five minutes ahead, with one warning", async () => {
      const log = resolveAdapter(engines, places[engine](server().url)).eventLog!("events");
      const warnings: string[] = [];
      const warn = (message: string) => void (/clock/.test(message) && warnings.push(message));
      await log.open({ warn });
      const real = Date.now.bind(Date);
      jest.spyOn(Date, "now").mockImplementation(() => real() + 5 * minutes);
      for (let n = 0; n < 3; n++) {
        const [event] = await appended(log, appendTo("a"));
        expect(Date.parse(event!.time)).toBeLessThan(real() + 2 * minutes);
      }
      expect(warnings).toHaveLength(1);
      await log.close();
    });
  });
