import { Errors } from "moleculer";

const refusal = (message: string, type: string, data: object) =>
  new Errors.MoleculerClientError(message, 422, type, data);

export const orderExists = (id: string) => refusal(`order ${id} exists already`, "ORDER_EXISTS", { id });

export const orderIs = (id: string, status: string) =>
  refusal(`order ${id} is ${status}, expected open`, "ORDER_NOT_OPEN", { id, status });

export const blockedProducts = (id: string, products: string[]) =>
  refusal(`order ${id} has blocked products: ${products.join(", ")}`, "BLOCKED_PRODUCTS", { id, products });
