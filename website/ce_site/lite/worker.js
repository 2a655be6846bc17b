// Python for one page of the book: Pyodide in a worker, so that the page never waits for it. The
// policy in a page's meta tag lets this worker start, since it is the site's own; a worker then
// has the policy that its own answer's headers set, and not the page's. So WebAssembly compiles
// here, and the pages need no 'unsafe-eval'.
const PYTHON = 'PYTHON';
const PACKAGES = 'PACKAGES';
const WITHOUT = 'WITHOUT';
const SHELL = 'SHELL';

// What is fetched while Python starts is kept, so that it starts again without a network. It is
// stored after the first cell, whose output storing 25 MB would delay.
const KEPT = 'ce-python';
const plain = self.fetch;
const used = new Set();
const keeping = [];

async function keptFetch(request, options) {
  const url = new URL(request.url ?? request, self.location.href).href;
  used.add(url);
  const cache = url.startsWith('blob:') ? null : await self.caches?.open(KEPT).catch(() => null);
  const kept = await cache?.match(url);
  if (kept) return kept;
  const answer = await plain(request, options);
  if (cache && answer.ok) {
    const copy = answer.clone();
    keeping.push(() => cache.put(url, copy).catch(() => { /* no room */ }));
  }
  return answer;
}

async function keep() { // and drop what an older edition needed
  if (!keeping.length) return;
  await Promise.all(keeping.splice(0).map((store) => store()));
  const cache = await self.caches?.open(KEPT).catch(() => null);
  for (const { url } of await cache?.keys() ?? []) if (!used.has(url)) await cache.delete(url);
}

async function start() {
  const indexURL = new URL(PYTHON, self.location.href).href;
  const report = (progress) => self.postMessage({ progress });
  self.fetch = keptFetch;
  try {
    const script = await keptFetch(`${indexURL}pyodide.js`);
    if (!script.ok) throw new Error(`${script.url}: status ${script.status}`);
    importScripts(URL.createObjectURL(await script.blob()));
    const pyodide = await self.loadPyodide({ indexURL, report, packages: PACKAGES, without: WITHOUT });
    // A page has no terminal. Without IPython's, which its package imports first, Python is there sooner.
    pyodide.runPython("import sys, types; sys.modules['IPython.terminal.embed'] = types.SimpleNamespace(embed=None)");
    pyodide.FS.writeFile('book_shell.py', SHELL);
    const shell = pyodide.pyimport('book_shell');
    shell.start((outputs) => self.postMessage({ outputs: JSON.parse(outputs) }));
    return shell;
  } catch (error) {
    report({ failed: error.message, from: new URL(indexURL).host });
    throw error;
  } finally {
    self.fetch = plain;
  }
}

const ready = start();
ready.then(() => self.postMessage({ ready: true }), () => { /* it was reported */ });
self.addEventListener('message', async ({ data }) => {
  const shell = await ready;
  if (data.model) shell.moved(data.model, data.values);
  else {
    self.postMessage({ done: shell.run(data.code) });
    keep();
  }
});
