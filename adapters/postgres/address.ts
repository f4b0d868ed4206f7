import { DefinitionError } from "../../core/errors/errors.ts";

/** Where a database is, for messages and for comparing locations. The driver parses the connection string itself. */
export interface Address {
  /** Host and port, or the folder of a Unix socket. */
  host: string;
  database: string;
  parameters: URLSearchParams;
}

const expected =
  "postgres://user:password@host:port/database; of a Unix socket postgres:///database?host=/folder, postgres://%2Ffolder/database, socket:/folder?db=database, or /folder database";
const encoded = "; in a password write @ : / ? # % as encodeURIComponent does";

/**
 * Parses every form of connection string that the driver accepts.
 * @throws DefinitionError
 */
export function addressOf(field: string, text: unknown): Address {
  const found = typeof text === "string" ? (ofFolder(text) ?? ofSocket(text) ?? ofUrl(text)) : null;
  if (found) return found;
  const hasPassword = typeof text === "string" && /^postgres(ql)?:\/\/[^/]*:.*@/s.test(text);
  throw new DefinitionError({ field, found: text, expected: hasPassword ? expected + encoded : expected });
}

function ofFolder(text: string): Address | null {
  const [host, database, ...rest] = text.split(" ");
  if (!host?.startsWith("/") || !database || rest.length > 0) return null;
  return { host, database: `/${database}`, parameters: new URLSearchParams() };
}

function ofSocket(text: string): Address | null {
  const url = text.startsWith("socket:/") ? parse(text) : null;
  const database = url?.searchParams.get("db");
  if (!url || !database || url.hash !== "") return null;
  const parameters = new URLSearchParams(url.search);
  for (const name of ["db", "encoding"]) parameters.delete(name);
  return { host: url.pathname, database: `/${database}`, parameters };
}

/** Returns null if the text is no database URL, or if its password contains unencoded characters that end it. */
function ofUrl(text: string): Address | null {
  if (!/^postgres(ql)?:\/\//.test(text)) return null;
  const url = parse(text);
  if (!url || url.pathname.includes("@") || url.hash !== "") return null;
  const { searchParams: parameters } = url;
  if ([...parameters.keys()].some((name) => name.includes("@"))) return null;
  const isOfSocket = !URL.canParse(text) || url.host === "";
  const host = isOfSocket ? (parameters.get("host") ?? "") : url.host;
  return { host, database: url.pathname, parameters };
}

/**
 * A URL with a user but no host names a socket. The platform's parser rejects it, so a placeholder is inserted, as the
 * driver does.
 */
const parse = (text: string): URL | null => URL.parse(text) ?? URL.parse(text.replace("@/", "@socket/"));
