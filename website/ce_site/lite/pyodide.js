// What the kernel's worker loads in place of Pyodide's own script: it starts Pyodide from its CDN
// (or from this site), with the packages of this site beside Pyodide's, and reports how far it is.
const BASE = 'BASE';
const FILES = 'FILES';
const PACKAGES = 'START';

self.loadPyodide = async ({ indexURL, ...options }) => {
  const base = new URL(BASE, indexURL).href;
  const channel = new BroadcastChannel('ce-book:python');
  const progress = { from: new URL(base).host, files: 0, of: FILES, bytes: 0 };
  const plain = self.fetch;
  self.fetch = async (...request) => {
    const address = new URL(request[0].url ?? request[0], self.location.href).href;
    try {
      const answer = await plain(...request);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const counted = new TransformStream({
        transform(chunk, controller) {
          progress.bytes += chunk.byteLength;
          channel.postMessage({ ...progress });
          controller.enqueue(chunk);
        },
        flush() { progress.files += 1; },
      });
      const { status, statusText, headers } = answer;
      return new Response(answer.body.pipeThrough(counted), { status, statusText, headers });
    } catch (error) {
      channel.postMessage({ ...progress, failed: `${address}: ${error.message}` });
      throw error;
    }
  };
  try {
    channel.postMessage({ ...progress });
    const lock = await (await plain(new URL('pyodide-lock.json', indexURL))).json();
    for (const entry of Object.values(lock.packages)) {
      if (entry.file_name.startsWith('./')) entry.file_name = new URL(entry.file_name, indexURL).href;
    }
    importScripts(`${base}pyodide.js`); // which takes this function's place
    const lockFileURL = URL.createObjectURL(new Blob([JSON.stringify(lock)]));
    const pyodide = await self.loadPyodide({ ...options, indexURL: base, lockFileURL });
    const missing = PACKAGES.filter((name) => !(name in pyodide.loadedPackages));
    if (missing.length) throw new Error(`not loaded: ${missing.join(', ')}`);
    // Matplotlib would say in red that it builds its list of fonts.
    pyodide.runPython("import logging; logging.getLogger('matplotlib.font_manager').setLevel(logging.ERROR)");
    return pyodide;
  } catch (error) {
    channel.postMessage({ ...progress, failed: `${base}: ${error.message}` });
    throw error;
  } finally {
    self.fetch = plain;
  }
};
