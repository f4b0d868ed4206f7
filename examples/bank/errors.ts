import { Errors } from "moleculer";

/** The bank's own errors reach the caller unchanged. */
const refusal = (message: string, type: string, data: object) =>
  new Errors.MoleculerClientError(message, 422, type, data);

export const insufficientFunds = (balance: number, amount: number) =>
  refusal("insufficient funds", "INSUFFICIENT_FUNDS", { balance, amount });

export const accountNotOpen = (id: string, status: string) =>
  refusal(`account ${id} is ${status}`, "ACCOUNT_NOT_OPEN", { id, status });

export const accountExists = (id: string) => refusal(`account ${id} exists already`, "ACCOUNT_EXISTS", { id });

export const accountNotEmpty = (id: string, balance: number) =>
  refusal(`account ${id} is not empty`, "ACCOUNT_NOT_EMPTY", { id, balance });

export const wrongToken = (id: string) => refusal("wrong token", "WRONG_TOKEN", { id });

export const transferIs = (id: string, status: string, expected: string) =>
  refusal(`transfer ${id} is ${status}, expected ${expected}`, "WRONG_TRANSFER_STATUS", { id, status, expected });
