import { DefinitionError } from "../../core/errors/errors.ts";

/** The adapter's options, in the factory and in connection strings. */
export const optionNames = ["schema", "timeoutMs", "durability", "folder", "listen"] as const;

/**
 * The parameters that a URL may contain for the driver: the names of pg-connection-string and libpq (PostgreSQL's
 * manual, "Parameter Key Words"). The driver ignores names of libpq that it does not support. They are accepted here
 * too, since a URL is often shared with other programs.
 */
const parameters = new Set(
  `host hostaddr port dbname user password passfile service servicefile
  application_name fallback_application_name client_encoding options replication binary
  ssl sslmode sslnegotiation sslcert sslkey sslkeylogfile sslpassword sslcertmode
  sslrootcert sslcrl sslcrldir sslsni sslcompression requiressl uselibpqcompat
  ssl_min_protocol_version ssl_max_protocol_version min_protocol_version max_protocol_version
  require_auth requirepeer channel_binding scram_client_key scram_server_key
  krbsrvname gsslib gssencmode gssdelegation
  oauth_issuer oauth_client_id oauth_client_secret oauth_scope
  connect_timeout connectionTimeoutMillis tcp_user_timeout query_timeout statement_timeout
  lock_timeout idle_in_transaction_session_timeout keepAlive keepAliveInitialDelayMillis
  keepalives keepalives_idle keepalives_interval keepalives_count
  target_session_attrs load_balance_hosts`.split(/\s+/),
);

/**
 * The driver ignores unknown parameters, so a misspelt option would silently keep its default.
 * @throws DefinitionError
 */
export function refuseUnknownParameters(
  field: string,
  given: URLSearchParams,
  expected: (name: string) => string,
): void {
  for (const name of given.keys())
    if (!parameters.has(name))
      throw new DefinitionError({ field: `${field}.${name}`, found: name, expected: expected(name) });
}
