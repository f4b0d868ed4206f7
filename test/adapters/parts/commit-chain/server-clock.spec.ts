import { jest } from "@jest/globals";
import { ChainedLog } from "../../../../adapters/parts/commit-chain/chained-log.ts";
import { times } from "../../../../core/concurrency/times.ts";
import { appended, appendTo } from "../../../../testing/event-log/requests.ts";
import { cleanUp, newFolder } from "../../../support/broker.ts";
import { MemoryChain, MemoryServer } from "./memory-chain.ts";

const minutes = 60_000;
const noon = Date.parse("2026-03-01T12:00:00.000Z");

afterEach(async () => {
  jest.restoreAllMocks();
  await cleanUp();
});

/** A host and its clock, on a server with a stopped clock. */
async function host(server: MemoryServer, serverNow = noon) {
  const warnings: string[] = [];
  let asked = 0;
  const serverTime = async () => {
    asked++;
    return serverNow;
  };
  const log = new ChainedLog(Object.assign(new MemoryChain(server), { serverTime }), `${newFolder()}/x.index.db`);
  await log.open({ warn: (message) => void warnings.push(message) });
  const clock = jest.spyOn(Date, "now");
  const timeAt = async (now: number) => {
    clock.mockReturnValue(now);
    return (await appended(log, appendTo("a")))[0]!.time;
  };
  return { log, warnings, timeAt, asked: () => asked };
}

describe("The time of an event on a chain", () => {
  it("is at most a tolerance after the server's if the host's clock is ahead, with one warning", async () => {
    const { log, warnings, timeAt } = await host(new MemoryServer());
    const latest = new Date(noon + times.clock.toleranceMs).toISOString();
    expect(await timeAt(noon + 5 * minutes)).toBe(latest);
    expect(await timeAt(noon + 5 * minutes)).toBe(latest);
    expect(warnings).toEqual([
      "The clock of this host is ahead of the server's: found 2026-03-01T12:05:00.000Z, expected about 2026-03-01T12:00:00.000Z; events get a time of at most 1000 ms after the server's",
    ]);
    await log.close();
  });

  it("does not hold up the times of other hosts", async () => {
    const server = new MemoryServer();
    const later = noon + 2 * times.clock.toleranceMs;
    const [ahead, other] = [await host(server), await host(server, later)];
    await ahead.timeAt(noon + 5 * minutes);
    expect(await other.timeAt(later)).toBe(new Date(later).toISOString());
    await ahead.log.close();
    await other.log.close();
  });

  it("is the host's own if its clock is right, behind, or a little ahead, and the server is asked once", async () => {
    const { log, warnings, timeAt, asked } = await host(new MemoryServer());
    for (const now of [noon - 500, noon, noon + 300]) expect(await timeAt(now)).toBe(new Date(now).toISOString());
    expect([warnings, asked()]).toEqual([[], 1]);
    await log.close();
  });

  it("is compared again when the host's clock was set", async () => {
    const { log, timeAt, asked } = await host(new MemoryServer());
    await timeAt(noon);
    expect(await timeAt(noon + 60 * minutes)).toBe(new Date(noon + times.clock.toleranceMs).toISOString());
    expect(asked()).toBe(2);
    await log.close();
  });
});
