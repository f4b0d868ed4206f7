import type {
  ActionHandler,
  ActionSchema,
  CallingOptions,
  Context,
  Service,
  ServiceBroker,
  ServiceSchema,
} from "moleculer";
import { safeText } from "../../core/errors/problem.ts";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { withCommandId } from "./command-header.ts";
import { callStore } from "./message-size.ts";
import { ownActions } from "./own-actions.ts";

type Actions = NonNullable<ServiceSchema["actions"]>;

/**
 * The version of the actions that nodes call among themselves. Raise it with every change of their params or answers that
 * an older release would misread.
 */
export const protocol = 1;

/** A header belongs to one call; meta would be inherited by all nested calls. */
const header = "$protocol";

/** The options of a call between nodes. */
export const spoken = { headers: { [header]: protocol } } as const;

/**
 * The name of the service whose actions nodes call among themselves. The registry's `skipInternal`, gateways and the MCP
 * server omit services whose name begins with `$`, and Moleculer prefers such a service's copy on the caller's node.
 */
export const innerName = (service: string): string => `$${service}`;

/** The schema of that service. Its actions refuse params that they do not declare, unless they check them themselves. */
export function innerService(service: string, actions: Actions): ServiceSchema {
  const entries = Object.entries(ownActions(actions)) as [string, ActionSchema & { handler: ActionHandler }][];
  const innerAction = ({ params = {}, ...action }: ActionSchema): ActionSchema => ({
    visibility: "public",
    ...action,
    // Without rules Moleculer runs no validator.
    ...(params["$$strict"] !== false && { params: { $$strict: true, ...params } }),
  });
  return {
    name: innerName(service),
    metadata: { protocol },
    actions: Object.fromEntries(entries.map(([key, action]) => [key, innerAction(action)])),
  };
}

/** Whether a registered action belongs to an inner service. */
export const isInner = ({ service }: ActionSchema & { service?: Service }): boolean =>
  service?.name.startsWith("$") === true;

/**
 * Refuses a call of an inner action that does not say this node's protocol. Called before the params are validated: those
 * of another release may differ. @throws StoreUnavailableError: a node of another release may serve the call instead
 */
export function assertProtocol({ headers, action, nodeID }: Context): void {
  const found: unknown = ((headers ?? {}) as Record<string, unknown>)[header];
  if (found === protocol) return;
  const said = found === undefined ? "no protocol" : `protocol ${safeText(found)}`;
  throw new StoreUnavailableError(
    action?.name ?? "",
    `found ${said} of ${nodeID ?? "a caller"}, expected ${protocol}: only nodes of releases that understand each other call this action`,
  );
}

interface Endpoint {
  id: string;
  isAvailable: boolean;
  service: { metadata?: { protocol?: unknown } };
}

/**
 * The options of a call to an action of the inner service. It names a node if there is a choice between nodes that speak
 * this node's protocol and others.
 */
export function toSpeaker(broker: ServiceBroker, action: string): CallingOptions {
  const list = broker.registry.actions.get(action) as { endpoints: Endpoint[]; hasLocal(): boolean } | undefined;
  if (!list || list.hasLocal()) return spoken;
  const available = list.endpoints.filter(({ isAvailable }) => isAvailable);
  const speakers = available.filter(({ service }) => service.metadata?.protocol === protocol);
  if (speakers.length === 0 || speakers.length === available.length) return spoken;
  return { ...spoken, nodeID: speakers[Math.floor(Math.random() * speakers.length)]!.id };
}

/** Calls an action of the inner service within a caller's context. @throws EventTooLargeError, ValidationError */
export function callInner<Answer>(
  ctx: Context,
  service: string,
  action: string,
  params: object,
  commandId?: string,
): Promise<Answer> {
  const name = `${innerName(service)}.${action}`;
  const options = toSpeaker(ctx.broker, name);
  return callStore(ctx, name, params, commandId === undefined ? options : withCommandId(commandId, options));
}
