import { UnusableStoreError } from "../errors/errors.ts";
import { brief } from "../errors/problem.ts";
import { RebuildRunningError } from "../errors/snapshot-errors.ts";
import type { Versioned } from "../log/control.ts";

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
  /** The last order to build the table anew; an aggregate's only. */
  build?: RebuildRequest;
}

/** An order that each host of an aggregate follows: a generation whose origin names it is built, and then is the live one. */
export interface RebuildRequest {
  id: string;
  /** `rebuild`: from the beginning. `restore`: a snapshot's rows, and stay there. `replay`: a snapshot's rows and all events since. */
  kind: "rebuild" | "restore" | "replay";
  /** A host that does not have it folds what it would hold from the beginning. */
  snapshot?: { id: string; position: number };
  /** A snapshot of another definition is converted. */
  force?: boolean;
  /** As the table was before, for when the order ends without effect. */
  wasPaused: boolean;
  /** Why it ended without effect: nobody follows it any more. */
  ended?: string;
  /** It has ended, and the pause that it had changed is not given back yet: it may have been done first. */
  keepsPause?: true;
}

/** `instance`: a process of a process manager. */
export type ParkedChoice = { id?: string; stream?: string; instance?: string };

/*
 * Each page for the consumer carries the whole control state beside 512 KiB of events, and to another node it is one
 * message of 900 KiB at most.
 */
const maxRetries = 50;
const maxRetriesBytes = 64 * 1024;
const maxSkippedBytes = 256 * 1024;
const maxReasonCharacters = 200;

export type ControlChange =
  | { pause: true }
  | { resume: true }
  | { retry: ParkedChoice }
  | { skip: { id: string; reason: string } }
  /** `after`: the order that the caller knows as the last one, "" for none. Of two who give one at once, one is refused. */
  | { build: Omit<RebuildRequest, "wasPaused" | "ended" | "keepsPause"> & { after: string } }
  /** `keepPause`: whether the pause is given back is said by a second one. */
  | { endBuild: { id: string; why: string; keepPause?: true } };

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

/** @throws UnusableStoreError for a retry or skip while it is paused, and for one skip too many; RebuildRunningError for an order beside another */
export function changeControl(consumer: string, control: ConsumerControl, change: ControlChange): ConsumerControl {
  if ("pause" in change) return { ...control, paused: true };
  if ("resume" in change) return { ...control, paused: false, resumed: control.resumed + 1 };
  if ("build" in change) return ordered(consumer, control, change.build);
  if ("endBuild" in change) return withoutBuild(control, change.endBuild);
  if (control.paused) throw new UnusableStoreError(consumer, 'is paused; "resume" it first');
  if ("retry" in change) {
    const order = { ...change.retry, number: lastRetry(control) + 1 };
    return { ...control, retries: lastOf([...control.retries, order]) };
  }
  return { ...control, skipped: withSkipped(consumer, control.skipped, change.skip) };
}

/** As many of the last orders as are kept; at least the very last. */
function lastOf(orders: ConsumerControl["retries"]): ConsumerControl["retries"] {
  let bytes = 0;
  const tooOld = orders.findLastIndex(
    (order, index) => (bytes += bytesOf(order)) > maxRetriesBytes && index < orders.length - 1,
  );
  return orders.slice(tooOld + 1).slice(-maxRetries);
}

function withSkipped(
  consumer: string,
  before: ConsumerControl["skipped"],
  { id, reason }: { id: string; reason: string },
): ConsumerControl["skipped"] {
  const time = new Date().toISOString();
  const skipped = Object.fromEntries([
    ...Object.entries(before),
    [id, { reason: brief(reason, maxReasonCharacters), time }],
  ]);
  if (bytesOf(skipped) > maxSkippedBytes)
    throw new UnusableStoreError(
      consumer,
      `has given up ${Object.keys(before).length} events, and keeps at most ${maxSkippedBytes / 1024} KiB of their ids and reasons: ` +
        `change its definition, or add an upcaster, so that it can handle this event, then "retry" it`,
    );
  return skipped;
}

const bytesOf = (value: object): number => Buffer.byteLength(JSON.stringify(value));

function ordered(
  consumer: string,
  control: ConsumerControl,
  { after, ...order }: Extract<ControlChange, { build: unknown }>["build"],
): ConsumerControl {
  if ((control.build?.id ?? "") !== after)
    throw new RebuildRunningError(consumer.replace("aggregate/", ""), {
      order: control.build?.id,
      kind: control.build?.kind,
    });
  const wasPaused = control.paused;
  const build = { ...order, wasPaused };
  switch (order.kind) {
    case "rebuild":
      return { ...control, build };
    case "restore":
      return { ...control, build, paused: true };
    case "replay":
      return { ...control, build, paused: false, resumed: control.resumed + 1 };
  }
}

/** Somebody may have paused or resumed meanwhile: only what the order itself had changed is taken back. */
function withoutBuild(
  control: ConsumerControl,
  { id, why, keepPause }: Extract<ControlChange, { endBuild: unknown }>["endBuild"],
): ConsumerControl {
  const { build } = control;
  if (build?.id !== id || (build.ended !== undefined && !build.keepsPause)) return control;
  const { keepsPause: _, ...order } = build;
  const ended = { ...order, ended: order.ended ?? why };
  if (keepPause) return { ...control, build: { ...ended, keepsPause: true } };
  const byOrder = build.kind === "restore" ? true : build.kind === "replay" ? false : null;
  const paused = control.paused === byOrder ? build.wasPaused : control.paused;
  return { ...control, paused, build: ended };
}
