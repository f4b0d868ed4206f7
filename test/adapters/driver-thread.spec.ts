import { Worker } from "node:worker_threads";
import { BulkWork } from "../../adapters/sqlite/bulk-work.ts";
import { terminatorOf } from "../../adapters/sqlite/driver-thread.ts";
import { QueryThread } from "../../adapters/sqlite/query-thread.ts";
import { newFolder } from "../support/broker.ts";

/** A thread that loads its modules slowly. */
const slowThread = `
  const { parentPort, workerData } = require("node:worker_threads");
  Atomics.wait(workerData, 0, 0, 50);
  Atomics.store(workerData, 0, 1);
  parentPort.postMessage("loaded");
`;

describe("A thread of the SQLite driver", () => {
  // Node aborts the process if a thread is terminated while it loads a native module.
  it("is terminated once it has loaded the driver", async () => {
    const hasLoaded = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(slowThread, { eval: true, workerData: hasLoaded });
    await terminatorOf(worker)();
    expect(hasLoaded[0]).toBe(1);
  });

  it("is not waited for if it has ended before", async () => {
    const worker = new Worker("process.exit()", { eval: true });
    await terminatorOf(worker)();
    expect(worker.threadId).toBe(-1);
  });

  it("ends where it is closed at once, with an error for what was asked of it", async () => {
    const work = new BulkWork();
    const done = work.run("hash", `${newFolder()}/none.db`).catch((error: Error) => error);
    const thread = new QueryThread(() => {});
    await Promise.all([work.close(), thread.close()]);
    expect(await done).toBeInstanceOf(Error);
  });
});
