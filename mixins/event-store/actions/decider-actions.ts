import type { Context, ServiceSchema } from "moleculer";
import {
  maxClaimChanges,
  maxClaimTypes,
  maxClaimValues,
  type ClaimFold,
  type ScopeName,
} from "../../../core/log/log-claims.ts";
import type { StateSnapshot } from "../../../core/decider/rehydrate.ts";
import { claimValue, parkedId, storedKey, storedName } from "../../service/stored-texts.ts";
import type { StoreHost } from "../host/host.ts";
import { loadStream, saveSnapshot, type LoadParams } from "../host/state-snapshots.ts";
import { wholeNumber } from "../../service/whole-number.ts";

/** The types of a decider's claim. */
const types = { type: "array", items: storedName, max: maxClaimTypes } as const;

/** The store's actions for deciders on any node: a stream with its state snapshot, and claims. */
export function deciderStoreActions(host: () => StoreHost): NonNullable<ServiceSchema["actions"]> {
  return {
    loadStream: {
      params: {
        stream: storedName,
        afterVersion: wholeNumber,
        snapshot: { ...storedKey, nullable: true },
        definition: storedKey,
        raw: { type: "equal", value: true, strict: true, optional: true },
      },
      handler: (ctx: Context<LoadParams>) => loadStream(host(), ctx.params),
    },
    saveSnapshot: {
      params: {
        key: storedKey,
        snapshot: {
          type: "object",
          strict: true,
          props: {
            definition: storedKey,
            version: wholeNumber,
            position: wholeNumber,
            time: parkedId,
            eventId: parkedId,
            state: { type: "any", optional: true },
          },
        },
      },
      handler: (ctx: Context<{ key: string; snapshot: StateSnapshot }>) =>
        saveSnapshot(host().log, ctx.params.key, ctx.params.snapshot),
    },
    beginClaims: {
      params: { scope: storedKey, definition: storedKey, types },
      handler: (ctx: Context<{ scope: string; definition: string; types: string[] }>) =>
        host().log.claims.begin(ctx.params.scope, ctx.params.definition, ctx.params.types),
    },
    foldClaims: {
      params: {
        scope: storedKey,
        definition: storedKey,
        after: wholeNumber,
        position: wholeNumber,
        changes: {
          type: "array",
          max: maxClaimChanges,
          items: {
            type: "object",
            strict: true,
            props: { value: { ...claimValue, nullable: true }, claimed: "boolean", stream: storedName },
          },
        },
      },
      handler: (ctx: Context<ClaimFold>) => host().log.claims.fold(ctx.params),
    },
    claimants: {
      params: {
        scope: storedKey,
        definition: storedKey,
        values: { type: "array", items: claimValue, max: maxClaimValues },
      },
      handler: (ctx: Context<ScopeName & { values: string[] }>) =>
        host().log.claims.claimants(ctx.params.scope, ctx.params.definition, ctx.params.values),
    },
  };
}
