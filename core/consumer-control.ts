import { UnusableStoreError } from "./errors.ts";
import type { Versioned } from "./event-log.ts";

/** What is wanted of one consumer. Kept in the store's engine; every host of the consumer follows it. */
export interface ConsumerControl {
  /** Rises with every change: a host says up to which one it has followed. */
  revision: number;
  paused: boolean;
  /** How often it was resumed: a host that has stopped by itself goes on. */
  resumed: number;
  /**
   * The last orders to try parked events again, by rising numbers; without a choice all of them. Several, since orders
   * that are given at once reach a host together.
   */
  retries: ({ number: number } & ParkedChoice)[];
  /** The events that were given up, by id. */
  skipped: Record<string, { reason: string; time: string }>;
}

export type ParkedChoice = { id?: string; stream?: string };

/** So many orders are kept: each page for the consumer carries them. */
const maxRetries = 50;

export type ControlChange =
  { pause: true } | { resume: true } | { retry: ParkedChoice } | { skip: { id: string; reason: string } };

export function toControl(stored: Versioned | null): ConsumerControl {
  return {
    paused: false,
    resumed: 0,
    retries: [],
    skipped: {},
    ...(stored?.value as Partial<ConsumerControl> | undefined),
    revision: stored?.revision ?? 0,
  };
}

/** The number of the last order to retry; 0 before the first. */
export const lastRetry = ({ retries }: Pick<ConsumerControl, "retries">): number => retries.at(-1)?.number ?? 0;

/** @throws UnusableStoreError for a retry or skip while it is paused */
export function changeControl(consumer: string, control: ConsumerControl, change: ControlChange): ConsumerControl {
  if ("pause" in change) return { ...control, paused: true };
  if ("resume" in change) return { ...control, paused: false, resumed: control.resumed + 1 };
  if (control.paused) throw new UnusableStoreError(consumer, 'is paused; "resume" it first');
  if ("retry" in change) {
    const order = { ...change.retry, number: lastRetry(control) + 1 };
    return { ...control, retries: [...control.retries, order].slice(-maxRetries) };
  }
  const { id, reason } = change.skip;
  return { ...control, skipped: { ...control.skipped, [id]: { reason, time: new Date().toISOString() } } };
}
