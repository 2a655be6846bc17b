// What the kernel's worker, and a page's own, load in place of Pyodide's script: it starts Pyodide
// from its CDN (or from this site), with the packages of this site beside Pyodide's, and reports
// how far it is.
const BASE = 'BASE';

self.loadPyodide = async ({ indexURL, report, without = [], ...options }) => {
  const base = new URL(BASE, indexURL).href;
  const channel = report ? null : new BroadcastChannel('ce-book:python');
  const progress = { from: new URL(base).host, files: 0, of: 0, bytes: 0 };
  const tell = (more) => (report ?? channel.postMessage.bind(channel))({ ...progress, ...more });
  const plain = self.fetch;
  self.fetch = async (...request) => {
    const address = new URL(request[0].url ?? request[0], self.location.href).href;
    try {
      const answer = await plain(...request);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const counted = new TransformStream({
        transform(chunk, controller) {
          progress.bytes += chunk.byteLength;
          tell();
          controller.enqueue(chunk);
        },
        flush() { progress.files += 1; },
      });
      const { status, statusText, headers } = answer;
      return new Response(answer.body.pipeThrough(counted), { status, statusText, headers });
    } catch (error) {
      tell({ failed: `${address}: ${error.message}` });
      throw error;
    }
  };
  const script = async (name) => importScripts(URL.createObjectURL(await (await self.fetch(base + name)).blob()));
  try {
    const lock = await (await plain(new URL('pyodide-lock.json', indexURL))).json();
    for (const entry of Object.values(lock.packages)) entry.depends = entry.depends.filter((name) => !without.includes(name));
    const needed = new Set();
    const need = (name) => {
      const key = name.toLowerCase().replace(/[-_.]+/g, '-');
      if (needed.has(key)) return;
      needed.add(key);
      lock.packages[key].depends.forEach(need);
    };
    options.packages.forEach(need);
    progress.of = needed.size + 4; // two scripts, Python itself and its standard library
    tell();
    for (const entry of Object.values(lock.packages)) {
      if (entry.file_name.startsWith('./')) entry.file_name = new URL(entry.file_name, indexURL).href;
    }
    await script('pyodide.js'); // which takes this function's place
    await script('pyodide.asm.js');
    const lockFileURL = URL.createObjectURL(new Blob([JSON.stringify(lock)]));
    const pyodide = await self.loadPyodide({ ...options, indexURL: base, lockFileURL });
    const missing = options.packages.filter((name) => !(name in pyodide.loadedPackages));
    if (missing.length) throw new Error(`not loaded: ${missing.join(', ')}`);
    // Matplotlib would say in red that it builds its list of fonts.
    pyodide.runPython("import logging; logging.getLogger('matplotlib.font_manager').setLevel(logging.ERROR)");
    return pyodide;
  } catch (error) {
    tell({ failed: `${base}: ${error.message}` });
    throw error;
  } finally {
    self.fetch = plain;
  }
};
