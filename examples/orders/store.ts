import { EventStore } from "moleculer-event-sourcing";
import { log } from "../engines.ts";

export interface Item {
  product: string;
  quantity: number;
  unit: "KG" | "MT";
}

export type OrderEvents = {
  "order.created": { number: string; partner: string; items: Item[] };
  "order.completed": { number: string; partner: string; items: Item[] };
  "order.deleted": { number: string };

  "shipment.created": { order: string; partner: string; items: Item[] };

  "product.blocked": { id: string; reason?: string };
  "product.unblocked": { id: string };
};

export const events = EventStore<OrderEvents>("orderEventStore", log());
