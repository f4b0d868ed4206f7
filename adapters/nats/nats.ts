import "../../core/errors/node-version.ts";
import type { ConnectionOptions } from "nats";
import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { isPlainObject, assertFolder, assertKnownOptions, assertDefinition } from "../../core/options/options.ts";
import { ChainedLog } from "../parts/commit-chain/chained-log.ts";
import { storageName } from "../../core/errors/storage-name.ts";
import { NatsChain } from "./commit-chain.ts";

export interface NatsLogOptions {
  /**
   * Servers of a cluster that store a copy: 1 (the default), 3 or 5. With 3 or more, an acknowledged append survives
   * the loss of a machine. Applies to new streams; existing streams are not changed.
   */
  replicas?: number;
  /** A prefix for the names of the streams, if several systems share an account of a server. */
  prefix?: string;
  /** The folder for the host's own files, `data` by default: the log's index, which is as large as the log. */
  folder?: string;
  /** JetStream's domain, for example of a hub, for hosts that connect to one of its leaf nodes. */
  domain?: string;
  /** Instead of a domain: the prefix of JetStream's API subjects, if an account imports the API under another name. */
  apiPrefix?: string;
  /**
   * `"anew"`: if the server has lost the log or a part of it, the remains (the host's index, control state) are
   * ignored. Without it, such a start fails. It has no effect if the log is complete. Meant for one start.
   */
  begin?: "anew";
  /** Further options for the driver's `connect`: TLS, tokens, credentials. */
  driver?: ConnectionOptions;
}

/**
 * A log in a stream of NATS JetStream, hosted by any number of nodes. Needs nats-server 2.9.3 or newer with `-js`, and
 * 2.10.23 or newer for replicas.
 *
 * @param servers `nats://localhost:4222`, or several separated by commas; credentials as `nats://user:password@…`
 * @example EventStore("orderEvents", { adapter: nats("nats://one:4222,two:4222,three:4222", { replicas: 3 }) })
 * @throws DefinitionError
 */
export function nats(servers: string, options: NatsLogOptions = {}): Adapter {
  const urls = parseServers(servers);
  assertKnownOptions("adapter", options, ["replicas", "prefix", "folder", "domain", "apiPrefix", "begin", "driver"]);
  const { replicas = 1, prefix = "", folder = "data", domain, apiPrefix, begin, driver = {} } = options;
  assertDefinition([1, 3, 5].includes(replicas), "adapter.replicas", replicas, "1, 3 or 5");
  assertDefinition(typeof prefix === "string", "adapter.prefix", prefix, "a prefix for the names of the streams");
  assertDefinition(isPlainObject(driver), "adapter.driver", driver, "an object for the driver's connect");
  assertFolder(folder);
  assertDefinition(
    domain === undefined || isToken(domain),
    "adapter.domain",
    domain,
    "the name of a domain, without dots",
  );
  const isPrefix = apiPrefix === undefined || (typeof apiPrefix === "string" && apiPrefix.split(".").every(isToken));
  assertDefinition(isPrefix, "adapter.apiPrefix", apiPrefix, "a prefix of subjects, like $JS.hub.API");
  assertDefinition(!domain || !apiPrefix, "adapter.apiPrefix", apiPrefix, "none together with a domain");
  assertDefinition(begin === undefined || begin === "anew", "adapter.begin", begin, "anew, or nothing");
  const { username, password } = urls[0]!;
  const addresses = urls.map(({ host }) => host);
  const credentials = password
    ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
    : username && { token: decodeURIComponent(username) };
  const api = domain ?? apiPrefix;
  const location = `nats://${addresses.toSorted().join(",")}/${api === undefined ? "" : `${api}/`}${prefix}`;
  return {
    engine: "nats",
    location,
    keepsApart: true,
    eventLog: (name) => {
      const stream = storageName(prefix + name);
      const chain = new NatsChain(`${location}${name}`, stream, replicas, {
        connection: { ...credentials, ...driver, servers: addresses },
        api: { ...(domain !== undefined && { domain }), ...(apiPrefix !== undefined && { apiPrefix }) },
      });
      return new ChainedLog(
        chain,
        `${folder}/${api === undefined ? "" : `${storageName(api)}.`}${stream}.index.db`,
        begin,
      );
    },
  };
}

/** Whether it can be one token of a subject, between two dots. */
const isToken = (given: unknown): boolean => typeof given === "string" && /^[^\s.*>]+$/.test(given);

function parseServers(servers: string): URL[] {
  const invalidServers = () =>
    new DefinitionError({ field: "adapter", found: servers, expected: "servers like nats://localhost:4222" });
  if (typeof servers !== "string") throw invalidServers();
  return servers.split(",").map((server) => {
    const isUrl = server.includes("://");
    const url = URL.parse(isUrl ? server : `nats://${server}`);
    if (!url || url.protocol !== "nats:" || url.host === "" || !/^\/?$/.test(url.pathname + url.search + url.hash))
      throw invalidServers();
    // Without a scheme, a user is a mistake: `nats:user@host` lacks its slashes.
    if (!isUrl && url.username !== "") throw invalidServers();
    try {
      decodeURIComponent(url.username + url.password);
    } catch {
      throw invalidServers();
    }
    return url;
  });
}
