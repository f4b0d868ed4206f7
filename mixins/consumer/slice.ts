/** How long the log's other events wait at most for late work; a running handler is awaited. */
const sliceMs = 50;

/** Begins a slice of late work; the function tells whether the slice is over. */
export function beginSlice(isInterrupted: () => boolean): () => boolean {
  const end = performance.now() + sliceMs;
  return () => isInterrupted() || performance.now() >= end;
}
