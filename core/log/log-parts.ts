import type { LogClaims } from "./log-claims.ts";
import type { LogControl } from "./control.ts";
import type { LogLinks } from "./links.ts";

/** The parts of a log beside its events. */
export interface LogParts {
  readonly control: LogControl;
  readonly claims: LogClaims;
  readonly links: LogLinks;
}

/** A read changes nothing that is stored. */
type Access = "read" | "write";

const methods: { [Name in keyof LogParts]: Record<keyof LogParts[Name], Access> } = {
  control: { get: "read", put: "write", states: "read", acquireLease: "write", releaseLease: "write" },
  claims: { begin: "write", fold: "write", claimants: "read", scopes: "read", page: "read" },
  links: { add: "write", streams: "read" },
};

/** A part as an engine implements it: a method may return its result instead of a promise. */
export type OpenPart<Part> = {
  [Method in keyof Part]: Part[Method] extends (...args: infer Args) => Promise<infer Answer>
    ? (...args: Args) => Answer | Promise<Answer>
    : never;
};

/** The parts of a log that is open. */
export type OpenParts = { readonly [Name in keyof LogParts]: OpenPart<LogParts[Name]> };

/** Runs a call on the open log. @throws StoreUnavailableError if the log is not open */
export type Guard = (call: (open: OpenParts) => unknown, access: Access) => Promise<unknown>;

type Method = (...args: unknown[]) => unknown;

/** The parts of a port: each of their methods passes the guard. */
export function guardedParts(guard: Guard): LogParts {
  const guarded = (name: keyof LogParts, method: string, access: Access): Method => {
    const methodOf = (open: OpenParts) => open[name] as unknown as Record<string, Method>;
    return (...args) => guard((open) => methodOf(open)[method]!(...args), access);
  };
  const part = <Name extends keyof LogParts>(name: Name) => {
    const entries = Object.entries<Access>(methods[name]);
    return Object.fromEntries(
      entries.map(([method, access]) => [method, guarded(name, method, access)]),
    ) as unknown as LogParts[Name];
  };
  return { control: part("control"), claims: part("claims"), links: part("links") };
}
