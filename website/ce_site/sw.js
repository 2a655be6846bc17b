// Keeps this edition of the book in the browser, whole; a new edition replaces it whole.
const EDITION = "EDITION";
const FILES = "FILES";
const HOME = "HOME"; // the path that 404.html is made for; this copy of the book may stand elsewhere
const PREFIX = `ce-book ${self.registration.scope} `;

self.addEventListener('install', (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: 'no-cache' }));
  const store = async (cache, request) => {
    const answer = await fetch(request);
    if (!answer.ok) throw new Error(`${request.url}: ${answer.status}`);
    // A server with clean URLs answers x.html with a redirect to x. A browser refuses a redirected
    // answer for a page, so what is kept is a plain one.
    const { status, statusText, headers } = answer;
    await cache.put(request, answer.redirected ? new Response(await answer.blob(), { status, statusText, headers }) : answer);
  };
  event.waitUntil(caches.open(PREFIX + EDITION).then((cache) => Promise.all(fresh.map((request) => store(cache, request)))));
});

self.addEventListener('activate', (event) => {
  const drop = (name) => name.startsWith(PREFIX) && name !== PREFIX + EDITION && caches.delete(name);
  event.waitUntil(caches.keys().then((names) => Promise.all(names.map(drop))));
});

self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || !url.href.startsWith(self.registration.scope)) return;
  if (url.href.startsWith(`${self.registration.scope}lite/`)) return; // needs the network anyway
  if (url.pathname.endsWith('/')) url.pathname += 'index.html';
  const answer = async () => {
    const cache = await caches.open(PREFIX + EDITION);
    const kept = (href) => cache.match(href);
    url.hash = url.search = '';
    const found = (await kept(url.href)) ?? (await kept(`${url.href}.html`));
    return found ?? fetch(event.request).catch(async (error) => {
      const page = event.request.mode === 'navigate' && await kept(`${self.registration.scope}404.html`);
      if (!page) throw error;
      const text = (await page.text()).replaceAll(`"${HOME}`, `"${new URL(self.registration.scope).pathname}`);
      return new Response(text, { status: 404, headers: { 'content-type': 'text/html; charset=utf-8' } });
    });
  };
  event.respondWith(answer());
});
