import { giveTheSameAnswers } from "../support/same-answers.ts";

describe("Memory answers as other engines do", () => {
  giveTheSameAnswers(() => ({ log: "memory:" }));
});

describe("SQLite answers as other engines do", () => {
  giveTheSameAnswers((folder) => ({ log: `sqlite:${folder}/log.db` }));
});
