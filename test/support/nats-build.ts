import { execFile } from "node:child_process";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { builtOnce } from "./built-once.ts";

const version = "2.10.29";

/**
 * The path of a nats-server whose replicated streams keep their keys across restarts, unlike those of distributions
 * (2.9). `go` is the path of Go.
 */
export const buildNats = (go: string): Promise<string> =>
  builtOnce(`nats-server-${version}`, async (file) => {
    // `go install` chooses the program's name, so it gets its own folder; next to the file, for the rename.
    const folder = mkdtempSync(join(dirname(file), "go-"));
    await promisify(execFile)(go, ["install", `github.com/nats-io/nats-server/v2@v${version}`], {
      env: { ...process.env, GOBIN: folder },
    });
    renameSync(join(folder, "nats-server"), file);
    rmSync(folder, { recursive: true });
  });
