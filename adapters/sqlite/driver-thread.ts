import type { Worker } from "node:worker_threads";

/** The first message of a thread that uses the driver: its native part is loaded. */
export const driverLoaded = "loaded";

/**
 * How such a thread is ended. Node aborts the whole process if a thread is terminated while it loads a native module, so
 * one that has just been started is terminated once it has loaded the driver, or has ended by itself.
 */
export function terminatorOf(worker: Worker): () => Promise<void> {
  const isLoaded = new Promise<void>((resolve) => {
    worker.once("message", () => resolve());
    worker.once("exit", () => resolve());
  });
  return async () => {
    worker.ref();
    await isLoaded;
    await worker.terminate();
  };
}
