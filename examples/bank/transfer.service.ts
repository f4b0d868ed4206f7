import { Aggregate, Decider, ProcessManager } from "moleculer-event-sourcing";
import type { ServiceSchema } from "moleculer";
import { tables } from "../engines.ts";
import { transferIs } from "./errors.ts";
import { events } from "./store.ts";

/** Transfers above this amount need an approval. */
const approvalLimit = 1_000_000;
const approvalTime = { days: 1 };

interface Transfer {
  status: "unknown" | "requested" | "approved" | "completed" | "failed";
}

const mustBe = (expected: Transfer["status"], { status }: Transfer, id: string): void => {
  if (status !== expected) throw transferIs(id, status, expected);
};

/** The state of a transfer. Of approval and expiry, the first one decides. */
export const transfer = Decider("transfer", {
  eventStore: events,
  initialState: (): Transfer => ({ status: "unknown" }),
  commands: {
    request: {
      params: {
        from: "string|convert",
        to: "string|convert",
        amount: { type: "number", integer: true, positive: true, convert: true },
      },
      decide(state, { id, ...order }) {
        mustBe("unknown", state, id);
        return { type: "transfer.requested", payload: { transfer: id, ...order } };
      },
    },
    approve: {
      decide(state, { id }) {
        mustBe("requested", state, id);
        return { type: "transfer.approved", payload: { transfer: id } };
      },
    },
    complete: {
      decide: (_, { id }) => ({ type: "transfer.completed", payload: { transfer: id } }),
    },
    fail: {
      params: { reason: "string" },
      decide: (_, { id, reason }) => ({ type: "transfer.failed", payload: { transfer: id, reason } }),
    },
    expire: {
      decide({ status }, { id }) {
        // A transfer that is approved at the last moment goes on.
        if (status !== "requested") return [];
        return { type: "transfer.failed", payload: { transfer: id, reason: "not approved in time" } };
      },
    },
  },
  evolve: {
    "transfer.requested": (): Transfer => ({ status: "requested" }),
    "transfer.approved": (): Transfer => ({ status: "approved" }),
    "transfer.completed": (): Transfer => ({ status: "completed" }),
    "transfer.failed": (): Transfer => ({ status: "failed" }),
  },
});

interface Progress {
  from: string;
  to: string;
  amount: number;
}

/**
 * Moves the money of a transfer from one account to the other. If the deposit fails, the withdrawal is undone: the
 * money goes back.
 */
export const transfers = ProcessManager("transfers", {
  eventStore: events,
  correlate: ({ payload }) => ("transfer" in payload ? payload.transfer : null),
  initialState: (): Progress => ({ from: "", to: "", amount: 0 }),
  on: {
    "transfer.requested": async ({ payload: { transfer: id, from, to, amount } }, { call }) => {
      await call("account.withdraw", { id: from, amount, transfer: id });
      return { from, to, amount };
    },
    "account.withdrawn": async (_, { id, state, call, schedule }) => {
      if (state.amount > approvalLimit) schedule("approval", approvalTime);
      else await call("account.deposit", { id: state.to, amount: state.amount, transfer: id });
    },
    "transfer.approved": async (_, { id, state, call, cancel }) => {
      cancel("approval");
      await call("account.deposit", { id: state.to, amount: state.amount, transfer: id });
    },
    "account.deposited": async (_, { id, call, end }) => {
      await call("transfer.complete", { id });
      end();
    },
  },
  deadlines: {
    approval: async (_, { id, state, call, end }) => {
      const { events: expired } = await call<{ events: unknown[] }>("transfer.expire", { id });
      if (expired.length === 0) return;
      await call("account.deposit", { id: state.from, amount: state.amount });
      end();
    },
  },
  onError: { retries: 1 },
  compensate: async (cause, error, { id, state, call, end }) => {
    // If the withdrawal itself was refused, no money has left.
    const isWithdrawal = "type" in cause && cause.type === "transfer.requested";
    if (!isWithdrawal) await call("account.deposit", { id: state.from, amount: state.amount });
    await call("transfer.fail", { id, reason: error.message });
    end();
  },
});

const outcomes = Aggregate("transferOutcomes", {
  eventStore: events,
  ...tables(),
  fields: {
    from: "string",
    to: "string",
    amount: "integer",
    status: { type: "string", index: true },
    reason: "string",
  },
})
  .on("transfer.requested")
  .create(({ payload: { transfer: id, from, to, amount } }) => ({ id, from, to, amount, status: "requested" }))
  .on("transfer.approved")
  .update(({ payload }) => ({ id: payload.transfer, status: "approved" }))
  .on("transfer.completed")
  .update(({ payload }) => ({ id: payload.transfer, status: "completed" }))
  .on("transfer.failed")
  .update(({ payload: { transfer: id, reason } }) => ({ id, status: "failed", reason }));

const service: ServiceSchema = {
  name: "transfer",
  mixins: [transfer.mixin(), transfers.mixin(), outcomes.mixin()],
};

export default service;
