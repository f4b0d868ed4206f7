import type { DriverOptions } from "./driver-options.ts";
import type { Driver } from "./driver.ts";

/**
 * Returns a client class that uses the given password. The driver itself reads a URL without a password as an empty
 * password, which overrides the one from the options.
 */
export function clientWith({ Client }: Driver, password: DriverOptions["password"]): Driver["Client"] {
  if (password === undefined) return Client;
  return class extends Client {
    constructor(config?: ConstructorParameters<Driver["Client"]>[0]) {
      super(config);
      Object.assign(this, { password });
    }
  };
}
