import type { Worker } from "node:worker_threads";

/** First message of a thread that uses the driver: the native module is loaded. */
export const driverLoaded = "loaded";

/**
 * Returns a function that terminates a thread safely. Node aborts the whole process if a thread is terminated while it
 * loads a native module, so the function first waits until the driver is loaded or the thread has exited.
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
