import type { Context, ServiceSchema } from "moleculer";
import type { HandledTypes } from "../../../core/catalogue/new-names.ts";
import type { ControlChange } from "../../../core/consumer/consumer-control.ts";
import { ValidationError } from "../../../core/errors/errors.ts";
import { mostTypes } from "../../../core/log/unknown-types.ts";
import type { Lease } from "../../../core/log/control.ts";
import { longestLeaseMs } from "../../../core/concurrency/times.ts";
import { withFormat } from "../../../core/log/stored-format.ts";
import { maxPageBytes } from "../../../core/log/page-size.ts";
import { isReserved } from "../../../core/event/stream-name.ts";
import { parsePatterns, typeMatcher } from "../../../core/event/type-pattern.ts";
import { renamedFrom } from "../../consumer/checkpoint-state.ts";
import type { StoreHost } from "../host/host.ts";
import { controlEvent, leaseEvent } from "../../service/internal-events.ts";
import { isFromAnotherNode } from "../../service/message-size.ts";
import { endReason, parkedId, skipReason, storedKey, storedName } from "../../service/stored-texts.ts";
import { boundedState } from "../host/stored-state.ts";
import { wholeNumber } from "../../service/whole-number.ts";

// oxlint-disable-next-line no-control-regex -- the pattern excludes control characters
const consumerName = /^(table|subscription|process-manager)\/[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]{1,255}$/u;
const consumer = { type: "string", pattern: consumerName } as const;
const whole = { ...wholeNumber, convert: true } as const;
const must = { type: "equal", value: true, strict: true, optional: true } as const;
const change = {
  type: "object",
  strict: true,
  minProps: 1,
  maxProps: 1,
  props: {
    pause: must,
    resume: must,
    retry: {
      type: "object",
      strict: true,
      optional: true,
      props: {
        id: { ...parkedId, optional: true },
        stream: { ...storedName, optional: true },
        process: { ...storedName, optional: true },
      },
    },
    skip: { type: "object", strict: true, optional: true, props: { id: parkedId, reason: skipReason } },
    build: {
      type: "object",
      strict: true,
      optional: true,
      props: {
        id: "uuid",
        kind: { type: "enum", values: ["rebuild", "restore", "replay"] },
        snapshot: {
          type: "object",
          strict: true,
          optional: true,
          props: { id: "uuid", position: whole },
        },
        force: "boolean|optional",
        after: parkedId,
      },
    },
    endBuild: { type: "object", strict: true, optional: true, props: { id: "uuid", why: endReason, keepPause: must } },
  },
} as const;
/** A key below the consumer's key. */
const of = { ...storedKey, empty: false, optional: true } as const;
const lease = {
  type: "object",
  strict: true,
  props: { name: storedName, holder: storedKey, epoch: wholeNumber },
} as const;

type FromConsumer<Params = unknown> = Context<Params & { consumer: string }>;

/** The store's actions for consumers on any node: pages of events, control state, the consumer's own state, leases. */
export function consumerStoreActions(store: string, host: () => StoreHost): NonNullable<ServiceSchema["actions"]> {
  // Consumers poll the actions with `tracing: false`; their spans would flood the traces.
  return {
    page: {
      tracing: false,
      params: {
        consumer,
        after: whole,
        limit: { ...whole, max: 10_000 },
        types: { type: "array", items: "string" },
        raw: must,
      },
      handler(ctx: FromConsumer<{ after: number; limit: number; types: string[]; raw?: true }>) {
        const { after, limit, types, raw: isRaw = false } = ctx.params;
        return host().consumers.page(ctx.params.consumer, { after, limit }, handledTypes(types), {
          isLocal: !isFromAnotherNode(ctx),
          isRaw,
        });
      },
    },
    streamPage: {
      tracing: false,
      params: {
        consumer,
        stream: storedName,
        afterVersion: whole,
        limit: { ...whole, max: 10_000 },
        types: { type: "array", items: "string" },
        raw: must,
      },
      handler(ctx: FromConsumer<{ stream: string; afterVersion: number; limit: number; types: string[]; raw?: true }>) {
        const { stream, afterVersion, limit, types, raw } = ctx.params;
        return host().consumers.streamPage(stream, { afterVersion, limit }, handledTypes(types), raw);
      },
    },
    types: { handler: () => host().log.types(mostTypes) },
    recordFormerNames: {
      tracing: false,
      params: { type: storedName, formerNames: { type: "array", items: storedName, max: 1000 } },
      handler: (ctx: Context<{ type: string; formerNames: string[] }>) =>
        host().names.record({ [ctx.params.type]: ctx.params.formerNames }),
    },
    control: {
      params: { consumer, change },
      async handler(ctx: FromConsumer<{ change: ControlChange }>) {
        const control = await host().consumers.change(ctx.params.consumer, ctx.params.change);
        await ctx.broadcast(controlEvent(store), { consumer: ctx.params.consumer });
        return control;
      },
    },
    state: {
      tracing: false,
      params: { consumer, of },
      handler: (ctx: FromConsumer<{ of?: string }>) =>
        host().log.control.get(stateKey(ctx.params.consumer, ctx.params.of)),
    },
    states: {
      tracing: false,
      params: { consumer, prefix: storedKey, after: of, limit: { ...whole, min: 1, max: 1000 } },
      async handler(ctx: FromConsumer<{ prefix: string; after?: string; limit: number }>) {
        const { consumer, prefix, after, limit } = ctx.params;
        const key = stateKey(consumer, "");
        const from = after !== undefined && { after: key + after };
        const found = await host().log.control.states({ prefix: key + prefix, ...from, limit });
        return pageOfStates(
          found.map(({ key: whole, value, revision }) => ({ of: whole.slice(key.length), value, revision })),
        );
      },
    },
    // A null value removes the state.
    saveState: {
      tracing: false,
      params: { consumer, of, value: { type: "object", nullable: true }, revision: whole, lease },
      handler(ctx: FromConsumer<{ of?: string; value: object | null; revision: number; lease: Lease }>) {
        const { value, revision, lease, of: below } = ctx.params;
        // A lease covers the state of its own consumer only.
        if (lease.name !== ctx.params.consumer)
          throw new ValidationError([{ field: "lease.name", found: lease.name, expected: ctx.params.consumer }]);
        const key = stateKey(ctx.params.consumer, below);
        return host().log.control.put(key, boundedState("value", value) ?? undefined, revision, lease);
      },
    },
    // Notes that the consumer's state is stored under a former name; returns what is stored under its own.
    rename: {
      tracing: false,
      params: { consumer, formerName: storedName },
      async handler(ctx: FromConsumer<{ formerName: string }>) {
        const { consumer, formerName } = ctx.params;
        const { control } = host().log;
        const key = stateKey(consumer);
        if ((await control.get(key)) === null)
          await control.put(key, withFormat("checkpoint", renamedFrom(formerName)), 0);
        return (await control.get(key))?.value;
      },
    },
    takeLease: {
      tracing: false,
      params: {
        consumer,
        holder: { ...storedKey, empty: false },
        ttlMs: { ...whole, max: longestLeaseMs },
        lapsed: { type: "string", optional: true },
      },
      handler(ctx: FromConsumer<{ holder: string; ttlMs: number; lapsed?: string }>) {
        const { consumer, holder, ttlMs, lapsed } = ctx.params;
        return host().log.control.acquireLease(consumer, holder, ttlMs, lapsed);
      },
    },
    releaseLease: {
      params: { consumer, lease, to: { ...storedKey, optional: true } },
      async handler(ctx: FromConsumer<{ lease: Lease; to?: string }>) {
        const { consumer, lease, to } = ctx.params;
        await host().log.control.releaseLease(lease);
        await ctx.broadcast(leaseEvent(store), { consumer, ...(to !== undefined && { to }) });
      },
    },
  };
}

/** The key of a consumer's own state, or of a state below it. */
const stateKey = (consumer: string, of?: string) =>
  of === undefined ? `state/${consumer}` : `state/${consumer}/${of}`;

/** The first states, as many as fit into one message, but at least one. */
function pageOfStates<State extends { value: unknown }>(states: State[]): State[] {
  let bytes = 0;
  const end = states.findIndex((state, index) => {
    bytes += Buffer.byteLength(JSON.stringify(state));
    return bytes > maxPageBytes && index > 0;
  });
  return end < 0 ? states : states.slice(0, end);
}

/** A consumer sends every type that it maps. */
const maxOfConsumers = { patterns: 10_000, wildcardCharacters: 64_000 };
const maxKeptMatchers = 100;
const maxKeptCharacters = 4_000_000;

/** Cached, because a consumer sends the same types with each call. No pattern matches the framework's own events. */
const kept = new Map<string, HandledTypes>();
let keptCharacters = 0;
function handledTypes(types: string[]): HandledTypes {
  const key = types.join("\n");
  let handled = kept.get(key);
  if (!handled) {
    const matches = typeMatcher(parsePatterns("types", types, maxOfConsumers));
    if (kept.size >= maxKeptMatchers || keptCharacters > maxKeptCharacters) {
      kept.clear();
      keptCharacters = 0;
    }
    keptCharacters += key.length;
    const isWanted = (type: string) => !isReserved(type) && matches(type);
    kept.set(key, (handled = { isWanted, exact: new Set(types) }));
  }
  return handled;
}
