import type { ServiceBroker } from "moleculer";

export const accounts = Array.from({ length: 20 }, (_, n) => `a${n}`);
/** An account that accepts no money any more. */
export const closed = "closed";
export const initialBalance = 10_000;

export async function openAccounts(broker: ServiceBroker): Promise<void> {
  for (const id of [...accounts, closed])
    await broker.call("account.open", { id, owner: id, email: `${id}@example.com` });
  for (const id of accounts) await broker.call("account.deposit", { id, amount: initialBalance });
  await broker.call("account.close", { id: closed });
}
