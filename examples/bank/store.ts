import { EventStore } from "moleculer-event-sourcing";
import { log } from "../engines.ts";

/** Amounts are whole cents. */
type Movement = { amount: number; transfer?: string | null };

export type BankEvents = {
  "account.opened": { owner: string; email: string; token: string };
  "account.emailValidated": { email: string };
  "account.deposited": Movement;
  "account.withdrawn": Movement;
  "account.closed": { email: string };

  "transfer.requested": { transfer: string; from: string; to: string; amount: number };
  "transfer.approved": { transfer: string };
  "transfer.completed": { transfer: string };
  "transfer.failed": { transfer: string; reason: string };
};

export const events = EventStore<BankEvents>("bankEventStore", log());
