// Looked up once: globals are slow inside a VM context, such as a test runner's.
const { hasOwn } = Object;
const { isArray } = Array;

/**
 * The values at a path of a JSON value. A step is an object's own key or an array's index, and also goes through the
 * objects that an array contains. Nodes that several paths reach are visited once per step, so the time is at most
 * steps times nodes.
 *
 * @param look called with the number of nodes to be visited next
 */
export function valuesAt(value: unknown, path: readonly string[], look: (nodes: number) => void = () => {}): unknown[] {
  let reached: unknown[] = [value];
  for (const step of path) {
    const next: unknown[] = [];
    const isIndex = /^\d+$/.test(step);
    look(reached.length);
    for (const node of distinct(reached)) {
      if (!isObject(node)) continue;
      if (isArray(node)) look(node.length);
      pushNext(next, node, step, isIndex);
    }
    if (next.length === 0) return next;
    reached = next;
  }
  return reached;
}

const distinct = (nodes: unknown[]) => (nodes.length > 1 ? new Set(nodes) : nodes);

function pushNext(next: unknown[], node: object, step: string, isIndex: boolean): void {
  if (!isArray(node)) return pushOwn(next, node, step);
  if (isIndex) next.push((node as unknown[])[Number(step)]);
  // Not through an array inside an array.
  for (const element of node as unknown[]) if (isObject(element) && !isArray(element)) pushOwn(next, element, step);
}

function pushOwn(next: unknown[], node: object, step: string): void {
  if (hasOwn(node, step)) next.push((node as Record<string, unknown>)[step]);
}

const isObject = (value: unknown): value is object => value !== null && typeof value === "object";
