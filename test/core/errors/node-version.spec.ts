import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const { engines } = JSON.parse(readFileSync("package.json", "utf8")) as { engines: { node: string } };

/**
 * The output of a process that imports the package with another version of Node; and whether it has loaded SQLite's
 * driver.
 */
function importedOn(version: string, name: string) {
  const preload = `Object.defineProperty(process.versions, "node", { value: ${JSON.stringify(version)} })`;
  const program = `import(${JSON.stringify(name)}).then(
    () => "imported",
    (error) => error.message,
  ).then((said) => {
    const hasDriver = Object.values(require.cache).some(({ id, loaded }) => loaded && id.includes("better-sqlite3"));
    console.log(JSON.stringify({ said, hasDriver }));
  })`;
  const options = ["--conditions=moleculer-event-sourcing:source", `--import=data:text/javascript,${preload}`];
  return JSON.parse(execFileSync(process.execPath, [...options, "-e", program], { encoding: "utf8" })) as object;
}

describe("The package on an older Node", () => {
  const least = engines.node.replace(">=", "");
  const [major, minor] = least.split(".").map(Number) as [number, number];
  const packages = ["moleculer-event-sourcing", "moleculer-event-sourcing/adapters/sqlite"];

  it.each(packages)("says which one it needs, before SQLite's driver is loaded (%s)", (name) => {
    for (const older of [`${major}.${minor - 1}.9`, `${major - 1}.99.0`])
      expect(importedOn(older, name)).toEqual({
        said: `moleculer-event-sourcing needs Node ${least} or newer, found ${older}`,
        hasDriver: false,
      });
  });

  it.each(packages)("is loaded from the one on that engines names (%s)", (name) => {
    for (const newer of [`${least}.0`, `${major + 1}.0.0`])
      expect(importedOn(newer, name)).toEqual({ said: "imported", hasDriver: true });
  });
});
