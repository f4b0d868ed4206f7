import { UnusableStoreError } from "./errors.ts";
import type { Versioned } from "./event-log.ts";

/** What is wanted of one consumer. Kept in the store's engine; every host of the consumer follows it. */
export interface ConsumerControl {
  /** Rises with every change: a host says up to which one it has followed. */
  revision: number;
  paused: boolean;
  /** How often it was resumed: a host that has stopped by itself goes on. */
  resumed: number;
  /** The last order to try parked events again; without a choice all of them. */
  retry: { number: number; id?: string; stream?: string };
  /** The events that were given up, by id. */
  skipped: Record<string, { reason: string; time: string }>;
}

export type ParkedChoice = { id?: string; stream?: string };

export type ControlChange =
  { pause: true } | { resume: true } | { retry: ParkedChoice } | { skip: { id: string; reason: string } };

export function toControl(stored: Versioned | null): ConsumerControl {
  return {
    paused: false,
    resumed: 0,
    retry: { number: 0 },
    skipped: {},
    ...(stored?.value as Partial<ConsumerControl> | undefined),
    revision: stored?.revision ?? 0,
  };
}

/** @throws UnusableStoreError for a retry or skip while it is paused */
export function changeControl(consumer: string, control: ConsumerControl, change: ControlChange): ConsumerControl {
  if ("pause" in change) return { ...control, paused: true };
  if ("resume" in change) return { ...control, paused: false, resumed: control.resumed + 1 };
  if (control.paused) throw new UnusableStoreError(consumer, 'is paused; "resume" it first');
  if ("retry" in change) return { ...control, retry: { ...change.retry, number: control.retry.number + 1 } };
  const { id, reason } = change.skip;
  return { ...control, skipped: { ...control.skipped, [id]: { reason, time: new Date().toISOString() } } };
}
