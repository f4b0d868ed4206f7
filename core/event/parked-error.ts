import { inspect } from "node:util";
import { keptChain } from "./causation.ts";

/** An error as it is kept with the event that failed. */
export interface ParkedError {
  name: string;
  message: string;
  type?: string;
  code?: number | string;
  /** Kept of a chain of causes that is too deep: `{expected, actual, chain}`. */
  data?: unknown;
}

/** A checkpoint, and each message between nodes that lists parked events, carries it. */
const maxCharacters = 1000;

/** An error as it is kept with a parked event. Whatever was thrown, it must not keep its event from being parked. */
export function asParkedError(error: unknown): ParkedError {
  try {
    return described(error);
  } catch {
    return { name: "Error", message: "what was thrown cannot be read: looking at it throws" };
  }
}

function described(error: unknown): ParkedError {
  if (error === null || typeof error !== "object")
    return { name: "Error", message: cut(typeof error === "string" ? error : inspect(error)) };
  const { name, message, type, code } = error as Record<string, unknown>;
  return {
    name: typeof name === "string" ? cut(name) : "Error",
    message: cut(typeof message === "string" ? message : inspect(error)),
    ...(typeof type === "string" && { type: cut(type) }),
    ...(typeof code === "number" && { code }),
    ...(typeof code === "string" && { code: cut(code) }),
    ...keptChain(error),
  };
}

const cut = (text: string) => (text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text).toWellFormed();
