import { UnusableStoreError } from "../../core/errors.ts";

/** From here on a stream is known to do what the chain asks of it. */
const oldest = [2, 9, 3] as const;

/** @throws UnusableStoreError where a nats-server that says it is of this version is too old, or is none */
export function refuseOldServer(where: string, found: string | undefined): void {
  const version = (found ?? "").split(".").map(Number.parseFloat);
  const place = oldest.findIndex((number, index) => number !== version[index]);
  if (place >= 0 && !(version[place]! > oldest[place]!))
    throw new UnusableStoreError(
      where,
      `found nats-server ${found ?? "without a version"}, expected ${oldest.join(".")} or newer`,
    );
}
