import type { ConnectionOptions } from "./connection-options.ts";
import type { Driver } from "./driver.ts";

/** The driver takes a URL without a password for an empty one, which takes the place of the one that is given beside it. */
export function clientWith({ Client }: Driver, password: ConnectionOptions["password"]): Driver["Client"] {
  if (password === undefined) return Client;
  return class extends Client {
    constructor(config?: ConstructorParameters<Driver["Client"]>[0]) {
      super(config);
      Object.assign(this, { password });
    }
  };
}
