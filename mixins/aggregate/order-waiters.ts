interface Waiter {
  order: string;
  /** Since he came a page was asked for, which knows his order. */
  isAsked: boolean;
  resolve: (position: number) => void;
  reject: (error: unknown) => void;
}

/** Those who wait until an order is done. */
export class OrderWaiters {
  #waiters: Waiter[] = [];

  /** Answers the position that the order has led to. */
  wait(order: string): Promise<number> {
    return new Promise((resolve, reject) => this.#waiters.push({ order, isAsked: false, resolve, reject }));
  }

  /** A page is asked for. */
  ask(): void {
    for (const waiter of this.#waiters) waiter.isAsked = true;
  }

  /** The orders of which the last page must know. */
  get asked(): ReadonlySet<string> {
    return new Set(this.#waiters.filter(({ isAsked }) => isAsked).map(({ order }) => order));
  }

  resolve(order: string, position: number): void {
    for (const { resolve } of this.#take(order)) resolve(position);
  }

  reject(order: string, error: unknown): void {
    for (const { reject } of this.#take(order)) reject(error);
  }

  rejectAll(error: unknown): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }

  #take(order: string): Waiter[] {
    const taken = this.#waiters.filter((waiter) => waiter.order === order);
    this.#waiters = this.#waiters.filter((waiter) => waiter.order !== order);
    return taken;
  }
}
