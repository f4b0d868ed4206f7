// Compiled by `npm run typecheck`, never run: an optional param becomes an optional field of a payload, undefined or not.
import { Decider, EventStore, type Decided } from "moleculer-event-sourcing";
import { expectType, type Equals } from "./expect-type.ts";

const eventStore = EventStore("bank", {
  events: {
    "account.opened": {
      payload: { iban: "string", owner: "string?", address: { $$type: "object", city: "string", zip: "string?" } },
    },
  },
});
const address = { city: "Berne" };

Decider("account", {
  eventStore,
  initialState: () => ({}),
  commands: {
    open: {
      params: { iban: "string", owner: "string?", zip: "string?" },
      decide: (_state, { iban, owner, zip }) => ({
        type: "account.opened",
        payload: { iban, owner, address: { ...address, zip } },
      }),
    },
    openLater: {
      params: { iban: "string", owner: "string?" },
      decide: async (_state, { iban, owner }) => [
        { type: "account.opened", payload: { iban, owner: owner?.trim(), address } },
      ],
    },
    wrong: {
      params: { iban: "string?" },
      // @ts-expect-error -- a field that must not be absent
      decide: (_state, { iban }) => ({ type: "account.opened", payload: { iban: iban ?? undefined, address } }),
    },
  },
  evolve: {
    "account.opened": (state, { payload }) => {
      expectType<Equals<typeof payload.owner, string | null | undefined>>(true);
      return state;
    },
  },
});

export const open = eventStore.mapAction("account.opened", {
  params: { id: "string", iban: "string", owner: "string?" },
  payload: ({ iban, owner }) => ({ iban, owner, address }),
});

interface Tree {
  value: unknown;
  parent?: Tree;
  children: readonly Tree[];
  pair?: readonly [number, string?];
}
type Planted = Decided<{ "tree.planted": Tree; "tree.cut": Record<string, unknown>; "tree.seen": string | null }>;
const tree = (parent: Tree | undefined, value: unknown): Planted[] => [
  { type: "tree.planted", payload: { value, parent, children: [] } },
  { type: "tree.planted", payload: { value, children: parent ? [parent] : [] } },
  { type: "tree.planted", payload: { value, children: [], pair: [1] } },
  // @ts-expect-error -- an item of an array
  { type: "tree.planted", payload: { value, children: [], pair: [1, undefined] } },
  // @ts-expect-error -- an item of an array
  { type: "tree.planted", payload: { value, children: [parent] } },
  { type: "tree.cut", payload: { value } },
  { type: "tree.cut" },
  { type: "tree.seen", payload: null },
];
void tree;
