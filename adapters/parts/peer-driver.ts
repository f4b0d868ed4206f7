import { UnusableStoreError } from "../../core/errors/errors.ts";

/**
 * Loads an engine's driver. Drivers are optional peer dependencies, so one is loaded only when a log or table opens.
 *
 * @throws UnusableStoreError if it is not installed, with the command that installs it
 */
export async function peerDriver<Driver>(location: string, name: string, load: () => Promise<Driver>): Promise<Driver> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
    // An installed driver with a missing dependency keeps its own error.
    // The codes of `import` and `require`: the sources use the one, the built package the other.
    const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    if (!isMissing || !String(message).includes(`'${name}'`)) throw error;
    throw new UnusableStoreError(location, `needs the package ${name}, which is not installed: npm i ${name}`, error);
  }
}
