import type { Context, ServiceSchema } from "moleculer";
import type { ClaimFold } from "../../core/claims.ts";
import type { StateSnapshot } from "../../core/decider/rehydrate.ts";
import type { StoreHost } from "./host.ts";
import { loadStream, saveSnapshot, type LoadParams } from "./state-snapshots.ts";

const whole = { type: "number", integer: true, min: 0 } as const;
const texts = { type: "array", items: "string" } as const;

/** What deciders on any node ask of the store: a stream with its state snapshot, and the claims in the log. */
export function deciderStoreActions(host: () => StoreHost): NonNullable<ServiceSchema["actions"]> {
  return {
    loadStream: {
      params: {
        stream: "string",
        afterVersion: whole,
        snapshot: { type: "string", nullable: true },
        definition: "string",
      },
      handler: (ctx: Context<LoadParams>) => loadStream(host(), ctx.params),
    },
    saveSnapshot: {
      params: {
        key: "string",
        snapshot: {
          type: "object",
          props: {
            definition: "string",
            version: whole,
            position: whole,
            time: "string",
            eventId: "string",
            state: { type: "any", optional: true },
          },
        },
      },
      handler: (ctx: Context<{ key: string; snapshot: StateSnapshot }>) =>
        saveSnapshot(host().log, ctx.params.key, ctx.params.snapshot),
    },
    beginClaims: {
      params: { scope: "string", definition: "string", types: texts },
      handler: (ctx: Context<{ scope: string; definition: string; types: string[] }>) =>
        host().log.beginClaims(ctx.params.scope, ctx.params.definition, ctx.params.types),
    },
    foldClaims: {
      params: {
        scope: "string",
        definition: "string",
        after: whole,
        position: whole,
        changes: {
          type: "array",
          items: { type: "object", props: { value: "string", held: "boolean", stream: "string" } },
        },
      },
      handler: (ctx: Context<ClaimFold>) => host().log.foldClaims(ctx.params),
    },
    claimants: {
      params: { scope: "string", values: texts },
      handler: (ctx: Context<{ scope: string; values: string[] }>) =>
        host().log.claimants(ctx.params.scope, ctx.params.values),
    },
  };
}
