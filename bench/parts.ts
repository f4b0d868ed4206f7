import { append } from "./parts/append.ts";
import { at } from "./parts/at.ts";
import { batch } from "./parts/batch.ts";
import { catchUp } from "./parts/catch-up.ts";
import { commands } from "./parts/commands.ts";
import { disk } from "./parts/disk.ts";
import { engines } from "./parts/engines.ts";
import { hosts } from "./parts/hosts.ts";
import { idle } from "./parts/idle.ts";
import { load } from "./parts/load.ts";
import { loopDelay } from "./parts/loop-delay.ts";
import { memory } from "./parts/memory.ts";
import { queries } from "./parts/queries.ts";
import { read } from "./parts/read.ts";
import { rebuild } from "./parts/rebuild.ts";
import { shared } from "./parts/shared.ts";
import { snapshot } from "./parts/snapshot.ts";
import { visible } from "./parts/visible.ts";
import type { Part } from "./part.ts";

/** In the order of the table. */
export const parts: Readonly<Record<string, Part>> = {
  append,
  batch,
  commands,
  load,
  read,
  "catch-up": catchUp,
  visible,
  queries,
  rebuild,
  snapshot,
  at,
  "loop-delay": loopDelay,
  memory,
  disk,
  idle,
  engines,
  shared,
  hosts,
};
