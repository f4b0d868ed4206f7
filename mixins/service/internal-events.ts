/** The hint that a commit happened. `$` keeps it apart from every stored type. */
export const appendedEvent = (store: string) => `$${store}.appended`;

/** The hint that a consumer's control state changed. */
export const controlEvent = (store: string) => `$${store}.control`;

/** The hint that the holder of a consumer's lease, or of the pump's, has released it; `to`: for that node alone. */
export const leaseEvent = (store: string) => `$${store}.lease`;

/** How far a long piece of work on a store is: `{job, done, total, rate, secondsLeft}`. */
export const progressEvent = (store: string) => `$${store}.progress`;
