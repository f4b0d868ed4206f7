import { DefinitionError } from "../../core/errors/errors.ts";

/** Ours: of the factory, and of a connection string. */
export const optionNames = ["schema", "timeoutMs", "durability", "folder", "listen"] as const;

/**
 * What a URL may say to the driver: the names of pg-connection-string and of libpq (PostgreSQL's manual, "Parameter Key
 * Words"). The driver passes over those of libpq that it has no use for, and so do we: a URL is often one for other programs too.
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
 * The driver passes over what it does not know, and a misspelt option of ours would leave its default in force.
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
