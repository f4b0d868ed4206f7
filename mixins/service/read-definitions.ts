// The params, cache keys and paths of the reading actions, as moleculer-db has them.

const names = [
  { type: "string", optional: true },
  { type: "array", optional: true, items: "string" },
];
const text = { type: "string", optional: true };
const whole = (min: number) => ({ type: "number", integer: true, min, optional: true, convert: true });

const shape = { populate: names, fields: names, excludeFields: names };
const search = { search: text, iSearch: text, searchFields: names };
const query = [
  { type: "object", optional: true },
  { type: "string", optional: true },
];

const find = { ...shape, limit: whole(0), offset: whole(0), sort: text, ...search, query };
const list = { ...shape, page: whole(1), pageSize: whole(0), sort: text, ...search, query };
const count = { ...search, query };
const get = {
  id: [{ type: "string" }, { type: "number" }, { type: "array" }],
  ...shape,
  mapping: { type: "boolean", optional: true },
};
const resolve = { ...get, throwIfNotExist: { type: "boolean", optional: true } };

/** As in @moleculer/database: names of scopes, or false for none. */
export const scopeParam = {
  scope: [
    { type: "boolean", optional: true },
    { type: "string", optional: true },
    { type: "array", items: "string", optional: true },
  ],
};

/** The params of each action. All of them are keys of its cache. */
export const readParams = { find, list, get, count, resolve };

export const readPaths = { list: "GET /", get: "GET /:id" };

/** moleculer-db's settings of a service that only reads. */
export const readSettings = {
  idField: "id",
  fields: null,
  excludeFields: null,
  populates: null,
  pageSize: 10,
  maxPageSize: 100,
  maxLimit: -1,
};
