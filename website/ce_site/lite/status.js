// A JupyterLab extension, in the form that JupyterLab's loader wants. It leads back to the book,
// says how far Python is while it starts, or why it cannot, and offers the book's version of a
// chapter that this browser has kept another of.
(() => {
  const STYLE = `
    #ce-back { align-self: center; padding: 0 0.75rem; font: 0.9375rem/1.4 system-ui, sans-serif; }
    #ce-back, #ce-status a { color: var(--jp-content-link-color); }
    #ce-status { position: fixed; z-index: 10000; right: 1rem; bottom: 1rem; left: 1rem; box-sizing: border-box; max-width: 34rem; margin: 0 auto; padding: 0.8rem 1.1rem;
      border: 1px solid var(--jp-border-color1); border-radius: 6px; box-shadow: 0 2px 12px rgb(0 0 0 / 0.25);
      background: var(--jp-layout-color1); color: var(--jp-ui-font-color0); font: 0.9375rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
    #ce-status:not(:has(> :not(:empty))) { display: none; }
    #ce-status > :not(:empty) + :not(:empty) { margin-top: 0.6rem; border-top: 1px solid var(--jp-border-color1); padding-top: 0.6rem; }
    #ce-status p { margin: 0 0 0.4rem; }
    #ce-status progress { display: block; width: 100%; margin: 0.4rem 0; }
    #ce-status button { margin: 0.2rem 0.5rem 0.2rem 0; padding: 0.3rem 0.8rem; font: inherit; }
    .jp-RenderedSVG svg { max-width: 100%; height: auto; }
    .jp-MarkdownCell .jp-Cell-inputArea { max-width: 51rem; } /* with the room for numbers of cells, lines of 46 */
    .jp-MarkdownCell :is(p, li) > a { color: var(--jp-content-link-color); text-decoration: underline; }
    @media (max-width: 40rem) { #ce-status { bottom: 4rem; } #ce-back { position: fixed; z-index: 9999; right: 0.5rem; bottom: 0.5rem; padding: 0.6rem 0.9rem; border: 1px solid var(--jp-border-color1); border-radius: 6px; background: var(--jp-layout-color1); box-shadow: 0 2px 12px rgb(0 0 0 / 0.25); } }`;
  const book = new URL('../..', location.href);
  const path = new URLSearchParams(location.search).get('path') ?? '';
  const begin = location.hash.slice(1); // the section of the book's page from which the reader comes
  let shared;

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function button(textContent, action) {
    const element = make('button', { textContent });
    element.addEventListener('click', action);
    return element;
  }

  async function leadBack(app) {
    const [widgets] = Object.values(shared['@lumino/widgets']);
    const { Widget } = (await widgets.get())();
    const narrow = matchMedia('(max-width: 40rem)').matches; // JupyterLab hides its bar there
    const node = make('a', { href: new URL('index.html', book), textContent: '← The book' });
    if (narrow) {
      node.id = 'ce-back';
      document.body.append(node);
    } else {
      const link = new Widget({ node });
      link.id = 'ce-back';
      app.shell.add(link, 'top', { rank: 0 });
    }
    if (path) opened(app, (notebook) => keepPlace(node, notebook));
  }

  // Begin at the section from which the reader comes, and lead back to that of the current cell.
  async function keepPlace(back, { context, content }) {
    await context.ready;
    const page = content.model.getMetadata('page'); // of a problem set
    const noted = (cell) => cell.model.getMetadata('section');
    const mark = () => {
      const [id, number] = content.widgets.slice(0, content.activeCellIndex + 1).map(noted).findLast(Boolean) ?? [];
      back.href = new URL(page ?? path.replace(/\.ipynb$/, `.html${id ? `#${id}` : ''}`), book);
      back.textContent = page ? '← Back to the practice page' : `← Back to ${id ? `section ${number}` : 'the chapter'}`;
    };
    content.activeCellChanged.connect(mark);
    mark();
    const first = content.widgets.findIndex((cell) => begin && noted(cell)?.[0] === begin);
    if (first < 0) return;
    content.activeCellIndex = first;
    let still = true; // until the reader moves: cells get their true height only as they come into view
    for (const act of ['wheel', 'pointerdown', 'keydown']) addEventListener(act, () => { still = false; }, { capture: true, once: true });
    const { node } = content.widgets[first];
    for (let tries = 0, kept = 0; still && kept < 10 && tries < 150; tries += 1) {
      await content.scrollToItem(first, 'start', 0);
      await new Promise((resolve) => { setTimeout(resolve, 200); });
      const { top } = node.getBoundingClientRect();
      kept = node.isConnected && top > 0 && top < innerHeight / 3 ? kept + 1 : 0;
    }
  }

  function follow(app, box) {
    const bar = make('progress');
    bar.setAttribute('aria-label', 'Progress of loading Python');
    const figures = make('small', { textContent: 'Connecting …' });
    figures.setAttribute('aria-live', 'off'); // the bar tells a screen reader
    const words = make('p', {}, 'Python is starting in this page. The first time, this may take a minute.');
    box.replaceChildren(words, bar, figures);
    const channel = new BroadcastChannel('ce-book:python');
    channel.addEventListener('message', ({ data }) => {
      if (data.failed) {
        channel.close();
        box.replaceChildren(
          make('p', {}, `Python could not be loaded from ${data.from}, so nothing can be run here now. The outputs you see are the book’s own. Check that you are online and that nothing blocks this address.`),
          make('p', {}, make('small', {}, data.failed)),
          button('Try again', () => location.reload()),
          button('Close', () => box.replaceChildren()),
          make('a', { href: new URL('index.html#how-to-run-it', book), textContent: 'Other ways to run a chapter' }),
        );
      } else if (data.files < data.of) {
        bar.max = data.of;
        bar.value = data.files;
        figures.textContent = `${data.files} of ${data.of} files, ${(data.bytes / 1e6).toFixed(1)} MB from ${data.from}`;
      } else {
        bar.removeAttribute('value');
        figures.textContent = 'Downloaded. Python is being set up.';
      }
    });
    opened(app, async ({ sessionContext }) => {
      await sessionContext.ready;
      const { kernel } = sessionContext.session ?? {};
      if (kernel) words.append(' What you run now waits for it.');
      await kernel?.info;
      channel.close();
      box.replaceChildren();
    });
  }

  function opened(app, act) { // once, when the notebook is there
    const look = () => {
      if (!app.shell.currentWidget?.sessionContext) return;
      app.shell.currentChanged.disconnect(look);
      act(app.shell.currentWidget);
    };
    app.shell.currentChanged.connect(look);
    look();
  }

  async function compare(app, box, { context }) {
    await context.ready;
    const sources = ({ cells }) => JSON.stringify(cells.map(({ source }) => [source].flat().join('')));
    const answer = await fetch(new URL(`lite/files/${path}`, book), { cache: 'no-cache' });
    if (!answer.ok || sources(await answer.json()) === sources(context.model.toJSON())) return;
    const take = async () => {
      await app.serviceManager.contents.delete(path); // this browser's copy; the site's stays
      await context.revert();
      box.replaceChildren();
    };
    box.replaceChildren(
      make('p', {}, 'This is your saved copy of the chapter. It differs from the book’s version: you have changed it, or the book has a newer edition. To keep your changes, use File → Download before you load the book’s version.'),
      button('Load the book’s version', take),
      button('Keep my copy', () => box.replaceChildren()),
    );
  }

  // Links to the published book lead to the copy of the book that this page belongs to.
  function stayInThisCopy({ target }) {
    const link = target.closest?.('a[href*=".html"]');
    const place = link && /\/((?:chapters|pages)\/\w+\.html.*)$/.exec(link.href);
    if (place && link.closest('.jp-Notebook')) link.href = new URL(place[1], book);
  }

  function activate(app) {
    addEventListener('click', stayInThisCopy, true);
    const [python, version] = [make('div'), make('div')];
    const box = make('div', { id: 'ce-status' }, python, version);
    box.setAttribute('role', 'status');
    document.head.append(make('style', { textContent: STYLE }));
    document.body.append(box);
    leadBack(app);
    follow(app, python);
    if (path) opened(app, (notebook) => compare(app, version, notebook));
  }

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB['ce-book'] = {
    init(scope) { shared = scope; },
    get: async () => () => ({
      __esModule: true,
      default: { id: 'ce-book:status', autoStart: true, activate },
    }),
  };
})();
