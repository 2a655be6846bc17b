// Keeps this edition of the book in the browser, whole; a new edition replaces it whole.
const EDITION = "EDITION";
const FILES = "FILES";
const PREFIX = `ce-book ${self.registration.scope} `;

self.addEventListener('install', (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: 'no-cache' }));
  event.waitUntil(caches.open(PREFIX + EDITION).then((cache) => cache.addAll(fresh)));
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
    return (await cache.match(url.href, { ignoreSearch: true })) ?? fetch(event.request);
  };
  event.respondWith(answer());
});
