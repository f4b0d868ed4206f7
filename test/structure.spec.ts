import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as api from "moleculer-event-sourcing";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Which layers each layer may import; a layer may always import itself. */
const mayImport: Record<string, string[]> = {
  core: [],
  adapters: ["core"],
  mixins: ["core"],
  testing: ["core", "adapters", "mixins"],
  cli: ["core", "adapters", "mixins"],
  services: ["core", "adapters", "mixins", "index.ts"],
  examples: [],
  "index.ts": ["core", "adapters", "mixins"],
  "adapter-kit.ts": ["core"],
};

const layerOf = (file: string) => file.split("/")[0]!;

function imports(file: string): string[] {
  const source = readFileSync(join(root, file), "utf8");
  return [...source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);
}

const files = Object.keys(mayImport).flatMap((layer) =>
  layer.endsWith(".ts") ? [layer] : globSync(`${layer}/**/*.ts`, { cwd: root }),
);

const relativeImports = files.flatMap((file) =>
  imports(file)
    .filter((target) => target.startsWith("."))
    .map((target) => ({ file, target: relative(root, join(root, dirname(file), target)) })),
);

describe("The imports", () => {
  it("are all looked at", () => {
    expect(files.length).toBeGreaterThan(40);
    expect(relativeImports.length).toBeGreaterThan(100);
  });

  it("go one way: core ← adapters, core ← mixins, adapters and mixins ← cli, testing and services", () => {
    const wrong = relativeImports.filter(({ file, target }) => {
      const [from, to] = [layerOf(file), layerOf(target)];
      return from !== to && !mayImport[from]!.includes(to);
    });
    expect(wrong).toEqual([]);
  });

  it("of one engine never reach into another, but for what engines are made of, and what these stand on", () => {
    const engineOf = (file: string) => /^adapters\/(parts\/[^/]+(?=\/)|[^/]+)\//.exec(file)?.[1];
    const standsOn: Record<string, string[]> = {
      "parts/commit-chain": ["parts", "sqlite"],
      "parts/journaled-table": ["parts", "parts/rows"],
      memory: ["parts", "parts/rows"],
      sqlite: ["parts"],
      postgres: ["parts"],
      nats: ["parts", "parts/commit-chain"],
      mongodb: ["parts", "parts/commit-chain", "parts/journaled-table"],
      "moleculer-db": ["parts", "parts/journaled-table", "sqlite"],
    };
    const wrong = relativeImports.filter(({ file, target }) => {
      const [from, to] = [engineOf(file), engineOf(target)];
      return from && to && from !== to && !standsOn[from]?.includes(to);
    });
    expect(wrong).toEqual([]);
  });

  it("of the library draw on no terminal: progress bars belong to the command line", () => {
    const drawing = files.filter((file) => imports(file).includes("cli-progress") && layerOf(file) !== "examples");
    expect(drawing).toEqual(["cli/progress-bars.ts"]);
  });

  it("of the test kit bring no test runner along", () => {
    const outside = files
      .filter((file) => layerOf(file) === "testing")
      .flatMap(imports)
      .filter(
        (target) =>
          !target.startsWith(".") &&
          !/^(moleculer|node:(assert|child_process|events|fs|os|path|readline|url|util))/.test(target),
      );
    expect(outside).toEqual([]);
  });

  it("of the examples use the package by its name, as users do", () => {
    const wrong = relativeImports.filter(
      ({ file, target }) => layerOf(file) === "examples" && layerOf(target) !== "examples",
    );
    expect(wrong).toEqual([]);
  });

  it("make no circle of files", () => {
    expect(firstCircle(new Map(files.map((file) => [file, targetsOf((one) => one === file)])))).toEqual([]);
  });

  it("make no circle of folders", () => {
    const folders = new Set(files.map((file) => dirname(file)));
    const graph = [...folders].map((folder): [string, string[]] => [
      folder,
      targetsOf((one) => dirname(one) === folder)
        .map((target) => dirname(target))
        .filter((target) => target !== folder),
    ]);
    expect(firstCircle(new Map(graph))).toEqual([]);
  });
});

const targetsOf = (isFrom: (file: string) => boolean) =>
  relativeImports.filter(({ file }) => isFrom(file)).map(({ target }) => target);

/** The first way found from a node back to itself; empty if there is none. */
function firstCircle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (node: string, above: string[]): string[] => {
    if (above.includes(node)) return [...above.slice(above.indexOf(node)), node];
    if (done.has(node)) return [];
    for (const target of graph.get(node) ?? []) {
      const circle = visit(target, [...above, node]);
      if (circle.length > 0) return circle;
    }
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const circle = visit(node, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

describe("An engine with a driver", () => {
  const engines = ["moleculer-db", "mongodb", "nats", "postgres", "sqlite"];

  it.each(engines)("translates the driver's errors in errors.ts: %s", async (engine) => {
    const { translate } = (await import(`../adapters/${engine}/errors.ts`)) as { translate: unknown };
    expect(translate).toEqual(expect.any(Function));
    const elsewhere = globSync(`adapters/${engine}/*.ts`, { cwd: root }).filter((file) =>
      /export (const|function) translate\b/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(elsewhere).toEqual([`adapters/${engine}/errors.ts`]);
  });
});

/** Files that share a name do the same for another engine, mixin or room: what that is. A name with two meanings is changed. */
const meanings: Record<string, string> = {
  "actions.ts": "broker actions of the room",
  "appender.ts": "an engine's way from requests to a commit",
  "batch.ts": "an engine's batch of a read table",
  "begin.ts": "an engine's first step with a log: found or made",
  "claims.ts": "the claims part of the log's port, and its implementations",
  "commit-chain.ts": "the port of a commit chain, and its implementations",
  "committed-rows.ts": "rows as committed, beside a running batch",
  "connection-string.ts": "an adapter from its connection string",
  "connection.ts": "an engine's connection to its server",
  "control.ts": "the control part of the log's port, and its implementations",
  "decider.ts": "a decider: its rules in core, its mixin",
  "definition.ts": "what a definition consists of, to tell a changed one",
  "documents.ts": "an engine's documents for the journaled table",
  "driver.ts": "an engine's database driver",
  "errors.ts": "errors: the family, those of a room, the translation of a driver's",
  "event-log.ts": "the log's port, and its implementations",
  "event-schema.ts": "an engine's tables of events, and the conversion of their rows",
  "generation-copy.ts": "how an engine copies a generation to one with other fields",
  "generation.ts": "an engine's generation of a read table",
  "host.ts": "one mixin on one node, without its broker service",
  "kept-claims.ts": "claims as an engine stores them",
  "key-values.ts": "an engine's key values for control state",
  "links.ts": "the links part of the log's port, and its implementations",
  "options.ts": "checks of options",
  "read-table.ts": "the table's port, and its implementations",
  "removal.ts": "how an engine removes generations",
  "row-codec.ts": "a row as an engine stores it",
  "row-store.ts": "the port of the journaled table's store, and its implementations",
  "rows.ts": "an engine's committed rows",
  "schema-objects.ts": "the objects that an engine's migrations make, compared with those found",
  "selection.ts": "an engine's selection of rows for a query",
  "service.ts": "the broker service of a mixin",
  "stored-generation.ts": "a generation as an engine stores it",
  "table-backup.ts": "an engine's backup of a read table",
  "where.ts": "conditions in an engine's own form",
};

describe("The files", () => {
  // The cases of the contract in testing/ are named by their topics.
  const sources = files.filter((file) => /^(core|adapters|mixins|cli)\//.test(file));

  it("have the same name only where they mean the same", () => {
    const names = sources.map((file) => basename(file)).toSorted();
    const repeated = new Set(names.filter((name, index) => name === names[index - 1]));
    expect([...repeated]).toEqual(Object.keys(meanings));
  });

  it("say at their head, or at what they export, what belongs there", () => {
    const silent = files
      .filter((file) => !/^(examples|services)\//.test(file))
      .filter((file) => {
        const source = readFileSync(join(root, file), "utf8");
        return !/^(#!.*\n)?(\/\/|\/\*\*)/.test(source) && !/(\*\/|^\/\/.*)\nexport /m.test(source);
      });
    expect(silent).toEqual([]);
  });

  it("hold one concept each: at most 250 lines", () => {
    const long = sources.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 251);
    expect(long).toEqual([]);
  });
});

describe("A database that is open", () => {
  /** They open copies that no connection has open, the -wal, on which no lock is ever held, and the noted head. */
  const openers = ["bulk-worker.ts", "flushing.ts", "open-wal.ts", "stored-head.ts", "table-backup.ts"].map(
    (file) => `adapters/sqlite/${file}`,
  );
  /** These name a path, and give no descriptor. */
  const harmless = /^(chmod|chmodSync|existsSync|mkdirSync|readdirSync|realpathSync|rmSync|stat|statSync)$/;

  // Closing any descriptor of a file drops the process's locks on it: a second host is let in.
  it("is never opened through node:fs by what hosts it", () => {
    const wrong = files
      .filter((file) => /^adapters\/(sqlite|parts\/commit-chain)\//.test(file) && !openers.includes(file))
      .flatMap((file) => {
        const source = readFileSync(join(root, file), "utf8");
        const named = [...source.matchAll(/import \{([^}]*)\} from "node:fs(?:\/promises)?"/g)];
        const others = [...source.matchAll(/"(?:node:)?fs(?:\/promises)?"/g)].length - named.length;
        const names = named.flatMap((match) => match[1]!.split(",").map((name) => name.trim())).filter(Boolean);
        return [...names.filter((name) => !harmless.test(name)), ...Array<string>(others).fill("fs")].map(
          (name) => `${file}: ${name}`,
        );
      });
    expect(wrong).toEqual([]);
  });
});

describe("The package", () => {
  it("exports the types that a definition needs, under the definitions' names", () => {
    const store: api.EventStore = api.EventStore("typed");
    const table: api.Aggregate = api.Aggregate("typedTable", { eventStore: store, fields: { name: "string" } });
    expect([store.name, table.name]).toEqual(["typed", "typedTable"]);
  });
});
