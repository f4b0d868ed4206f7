/** The names that the service of a definition may have: those of stores, tables, deciders and consumers. */
export const serviceName = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,99}$/u;
