import type { ServiceSchema } from "moleculer";

/** An element of a service's `mixins`, as Moleculer types it. */
export type Mixin = Partial<ServiceSchema>;
