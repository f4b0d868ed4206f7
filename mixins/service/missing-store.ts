/**
 * The error of a call to a store's action. If the broker knows no such action, the message says what to add: Moleculer's
 * own names an action that may be internal.
 */
export function namingStore(error: unknown, action: string, owner: string): unknown {
  const { type, data } = (error ?? {}) as { type?: unknown; data?: { action?: unknown } | null };
  if (!(error instanceof Error) || type !== "SERVICE_NOT_FOUND" || data?.action !== action) return error;
  const store = action.slice(action.startsWith("$") ? 1 : 0, action.lastIndexOf("."));
  error.message = `${owner}: found no host of the event store ${store}, expected its mixin() among the mixins of a service, or a node that hosts it`;
  return error;
}
