import type { ServiceSchema } from "moleculer";

/** What a factory returns for a service's `mixins`: Moleculer types the list so. */
export type Mixin = Partial<ServiceSchema>;
