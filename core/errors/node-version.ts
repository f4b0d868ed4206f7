// Loaded first, so that an older Node fails with a clear message. SQLite's driver crashes Node 22.13 with a
// segmentation fault.
const least = [22, 14] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < least[0] || (major === least[0] && minor < least[1]))
  throw new Error(`moleculer-event-sourcing needs Node ${least.join(".")} or newer, found ${process.versions.node}`);
