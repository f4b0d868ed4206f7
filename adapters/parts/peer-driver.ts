import { UnusableStoreError } from "../../core/errors/errors.ts";

/**
 * The driver of an engine, which is an optional peer: loaded by whoever opens a log or a table there, and by nobody else.
 *
 * @throws UnusableStoreError where it is not installed, with the command that installs it
 */
export async function peerDriver<Driver>(location: string, name: string, load: () => Promise<Driver>): Promise<Driver> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
    // One that is there, and lacks something itself, has an error of its own.
    if (code !== "ERR_MODULE_NOT_FOUND" || !String(message).includes(`'${name}'`)) throw error;
    throw new UnusableStoreError(location, `needs the package ${name}, which is not installed: npm i ${name}`, error);
  }
}
