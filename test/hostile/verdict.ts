/** The largest error, as the JSON that is sent to another node. */
const mostCharacters = 20_000;

interface CallError {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  type?: unknown;
  retryable?: unknown;
  data?: unknown;
}

/** The problem of an error that a call rejected with; null for a proper refusal. */
export function faultOf(error: unknown): string | null {
  const { code, message, type, data, retryable } = (error ?? {}) as CallError;
  if (typeof code !== "number") return `no numeric code: ${String(error).slice(0, 300)}`;
  if (code === 503 && retryable === true) return null;
  if (code < 400 || code > 499) return `code ${code}: ${String(message).slice(0, 300)}`;
  if (typeof type !== "string" || type === "") return `no type: ${String(message).slice(0, 300)}`;
  if ((code === 422 || code === 413) && !fieldsOf(data).every(isField))
    return `no field: ${JSON.stringify(data).slice(0, 300)}`;
  const { length } = JSON.stringify({ message, data });
  return length > mostCharacters ? `an error of ${length} characters` : null;
}

const isField = (field: unknown) => typeof field === "string" && field !== "" && field.length < 1000;

function fieldsOf(data: unknown): unknown[] {
  const entries: unknown[] = Array.isArray(data) ? data : [data];
  // A problem of a file has the number of its line.
  return entries.map((entry) => {
    const { field, line } = (entry ?? {}) as { field?: unknown; line?: unknown };
    return field ?? (typeof line === "number" ? `line ${line}` : undefined);
  });
}
