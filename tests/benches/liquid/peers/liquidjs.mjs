// liquidjs for the bench: told a template and an input, it answers one line for each line it is asked.
//   output        what the template renders, as a JSON string
//   render <ms>   nanoseconds a rendering, over that long
//   parse <ms>    nanoseconds a parse
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, template, input] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { Liquid } = require("liquidjs");
const engine = new Liquid();
const source = readFileSync(template, "utf8");
const data = JSON.parse(readFileSync(input, "utf8"));
const parsed = engine.parse(source);

const measure = (ms, call) => {
  const start = process.hrtime.bigint();
  const end = start + BigInt(ms) * 1_000_000n;
  let calls = 0n;
  let now;
  do {
    call();
    calls += 1n;
    now = process.hrtime.bigint();
  } while (now < end);
  return String((now - start) / calls);
};

const answers = {
  output: () => JSON.stringify(engine.renderSync(parsed, data)),
  render: (ms) => measure(ms, () => engine.renderSync(parsed, data)),
  parse: (ms) => measure(ms, () => engine.parse(source)),
  version: () => require("liquidjs/package.json").version + ", node " + process.versions.node,
};
for await (const line of createInterface({ input: process.stdin })) {
  const [what, ms] = line.split(" ");
  console.log(answers[what](ms));
}
