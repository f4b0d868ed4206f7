export type ActionParams = Record<string, object | object[]>;

/**
 * The params as moleculer-db declares them, for tools that list a node's actions. Every value passes the broker's validator
 * unchanged, because its `convert` accepts `[2]` and `true` as numbers. `sanitizeParams` checks and converts instead.
 */
export const declared = (params: ActionParams = {}): ActionParams =>
  Object.fromEntries(
    Object.entries(params).map(([name, rules]) => [
      name,
      [
        ...(Array.isArray(rules) ? rules : [rules]).map((rule: object) => ({ ...rule, convert: false })),
        { type: "any", optional: name !== "id" },
      ],
    ]),
  );
