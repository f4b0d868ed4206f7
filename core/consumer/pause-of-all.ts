import { changeControl, toControl, type ConsumerControl } from "./consumer-control.ts";
import type { LogControl, Versioned } from "../log/control.ts";
import { withFormat } from "../log/stored-format.ts";

/**
 * The name, in control state, of everything that acts on events: the pump, all subscriptions and all process managers.
 * Tables only fold. No consumer has this name, because those of consumers contain their kind.
 */
export const everything = "all";

export const controlKey = (consumer: string): string => `control/${consumer}`;

const isAlsoPaused = (consumer: string): boolean => consumer !== everything && !consumer.startsWith("table/");

/** The consumer's control state under that of `everything`, which may be null. */
export function underAll(consumer: string, own: ConsumerControl, all: ConsumerControl | null): ConsumerControl {
  const isPaused = all?.paused === true && isAlsoPaused(consumer) && own.resumedAlone !== all.resumed;
  return isPaused ? { ...own, paused: true } : own;
}

/** The consumer's state after its own `resume`, which holds against the pause of all. */
export const resumedAlone = (consumer: string, after: ConsumerControl, all: ConsumerControl | null): ConsumerControl =>
  all?.paused === true && isAlsoPaused(consumer) ? { ...after, resumedAlone: all.resumed } : after;

/**
 * Pauses everything in a log that no host has open. Consumers that were resumed alone in an earlier pause of all are
 * paused again. Resolves to whether everything was paused already.
 */
export async function pauseAll(control: LogControl): Promise<boolean> {
  for (;;) {
    const stored: Versioned | null = await control.get(controlKey(everything));
    const before = toControl(everything, stored);
    const resumed = changeControl(everything, before, { resume: true });
    const { revision, ...paused } = changeControl(everything, resumed, { pause: true });
    const isPut = (await control.put(controlKey(everything), withFormat("control", paused), revision)) !== null;
    if (isPut) return before.paused;
  }
}
