import { inspect } from "node:util";
import { keptChain } from "./causation.ts";

/** An error as it is stored with the event that failed. */
export interface ParkedError {
  name: string;
  message: string;
  type?: string;
  code?: number | string;
  /** Stored only for a chain of causes that is too long: `{expected, actual, chain}`. */
  data?: unknown;
}

/** Bounded, since checkpoints and messages that list parked events contain it. */
const maxCharacters = 1000;

/**
 * Converts any thrown value into the error that is stored with a parked event. Never throws, so that every event can be
 * parked.
 */
export function asParkedError(error: unknown): ParkedError {
  try {
    return described(error);
  } catch {
    return { name: "Error", message: "the thrown value cannot be read: reading it throws" };
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
