import { ConsumerPausedError, TooManySkippedError } from "../errors/consumer-errors.ts";
import { brief } from "../errors/problem.ts";
import { RebuildRunningError } from "../errors/snapshot-errors.ts";
import type { Versioned } from "../log/control.ts";
import { readFormat } from "../log/stored-format.ts";

/** The desired state of one consumer. Stored in the store's engine and applied by every host of the consumer. */
export interface ConsumerControl {
  /** Increases with every change. A host acknowledges the last revision that it has applied. */
  revision: number;
  paused: boolean;
  /** How often it was resumed: a host that was stopped by errors starts again. */
  resumed: number;
  /** Resumed while everything was paused: the number of that pause, which no longer applies to this consumer. */
  resumedAlone?: number;
  /**
   * The last requests to retry parked events, with increasing numbers; without a choice, all events. A list, since
   * requests in quick succession reach a host together.
   */
  retries: ({ number: number } & ParkedChoice)[];
  /** The skipped events, by id. */
  skipped: Record<string, { reason: string; time: string }>;
  /** The last request to rebuild the table; of an aggregate only. */
  build?: RebuildRequest;
}

/**
 * A request that each host of an aggregate applies: build a generation with this id in its origin, and make it the live
 * one.
 */
export interface RebuildRequest {
  id: string;
  /**
   * `rebuild`: from the beginning. `restore`: a snapshot's rows, then paused. `replay`: a snapshot's rows and all later
   * events.
   */
  kind: "rebuild" | "restore" | "replay";
  /** A host without this snapshot, or of another definition, folds its rows from the beginning. */
  snapshot?: { id: string; position: number };
  /** Converts a snapshot of another definition. */
  force?: boolean;
  /** Restored if the request ends without effect. */
  wasPaused: boolean;
  /** Why it ended without effect; hosts ignore the request then. */
  ended?: string;
  /**
   * The request has ended, but its change of `paused` is not undone yet, since a host may already have completed it.
   */
  keepsPause?: true;
}

/** `process`: the id of a process of a process manager. */
export type ParkedChoice = { id?: string; stream?: string; process?: string };

/*
 * Each page for the consumer carries the whole control state beside 512 KiB of events, and a message to another node is
 * at most 900 KiB.
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
  /**
   * `after`: the id of the last request that the caller knows, "" for none. Of two requests at once, one is refused.
   */
  | { build: Omit<RebuildRequest, "wasPaused" | "ended" | "keepsPause"> & { after: string } }
  /** `keepPause`: leave `paused` as it is; a second change decides about it. */
  | { endBuild: { id: string; why: string; keepPause?: true } };

/** @throws UnusableStoreError if a newer version has written it */
export function toControl(consumer: string, stored: Versioned | null): ConsumerControl {
  return {
    paused: false,
    resumed: 0,
    retries: [],
    skipped: {},
    ...(stored && readFormat<Partial<ConsumerControl>>(`control of ${consumer}`, "control", stored.value)),
    revision: stored?.revision ?? 0,
  };
}

/** The number of the last retry request; 0 before the first. */
export const lastRetry = ({ retries }: Pick<ConsumerControl, "retries">): number => retries.at(-1)?.number ?? 0;

/**
 * @throws ConsumerPausedError for a retry or skip; TooManySkippedError; RebuildRunningError if another request is running
 */
export function changeControl(consumer: string, control: ConsumerControl, change: ControlChange): ConsumerControl {
  if ("pause" in change) return { ...control, paused: true };
  if ("resume" in change) return { ...control, paused: false, resumed: control.resumed + 1 };
  if ("build" in change) return withBuild(consumer, control, change.build);
  if ("endBuild" in change) return withoutBuild(control, change.endBuild);
  if (control.paused) throw new ConsumerPausedError(consumer);
  if ("retry" in change) {
    const request = { ...change.retry, number: lastRetry(control) + 1 };
    return { ...control, retries: lastOf([...control.retries, request]) };
  }
  return { ...control, skipped: withSkipped(consumer, control.skipped, change.skip) };
}

/** The last requests that fit into the limits; at least the very last. */
function lastOf(requests: ConsumerControl["retries"]): ConsumerControl["retries"] {
  let bytes = 0;
  const tooOld = requests.findLastIndex(
    (request, index) => (bytes += bytesOf(request)) > maxRetriesBytes && index < requests.length - 1,
  );
  return requests.slice(tooOld + 1).slice(-maxRetries);
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
    throw new TooManySkippedError(consumer, Object.keys(before).length, maxSkippedBytes);
  return skipped;
}

const bytesOf = (value: object): number => Buffer.byteLength(JSON.stringify(value));

function withBuild(
  consumer: string,
  control: ConsumerControl,
  { after, ...request }: Extract<ControlChange, { build: unknown }>["build"],
): ConsumerControl {
  if ((control.build?.id ?? "") !== after)
    throw new RebuildRunningError(consumer.replace("table/", ""), {
      requestId: control.build?.id,
      kind: control.build?.kind,
    });
  const wasPaused = control.paused;
  const build = { ...request, wasPaused };
  switch (request.kind) {
    case "rebuild":
      return { ...control, build };
    case "restore":
      return { ...control, build, paused: true };
    case "replay":
      return { ...control, build, paused: false, resumed: control.resumed + 1 };
  }
}

/** Undoes only the request's own change: the consumer may have been paused or resumed meanwhile. */
function withoutBuild(
  control: ConsumerControl,
  { id, why, keepPause }: Extract<ControlChange, { endBuild: unknown }>["endBuild"],
): ConsumerControl {
  const { build } = control;
  if (build?.id !== id || (build.ended !== undefined && !build.keepsPause)) return control;
  const { keepsPause: _, ...request } = build;
  const ended = { ...request, ended: request.ended ?? why };
  if (keepPause) return { ...control, build: { ...ended, keepsPause: true } };
  const byRequest = build.kind === "restore" ? true : build.kind === "replay" ? false : null;
  const paused = control.paused === byRequest ? build.wasPaused : control.paused;
  return { ...control, paused, build: ended };
}
