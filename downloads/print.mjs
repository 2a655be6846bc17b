// What the printed book has before and beside its pages.
function cover(book) {
  const box = make('div', { className: 'cover' },
    make('p', { className: 'title', textContent: book.title }),
    make('p', { className: 'subtitle', textContent: book.subtitle }));
  box.insertAdjacentHTML('beforeend', book.drawing);
  box.append(make('p', { className: 'edition', textContent: `Edition of ${book.day}, version ${book.version}` }));
  return box;
}

function title(book) {
  const site = make('a', { href: book.published, textContent: book.published });
  return make('section', { className: 'title-page' }, cover(book),
    make('p', { className: 'licence', textContent: book.licence }),
    make('p', { className: 'licence' }, 'The website, with figures that move and notebooks to run: ', site));
}

function contents(pages) {
  const list = make('nav', { className: 'contents' }, make('h1', { textContent: 'Contents' }));
  const entry = ({ id, title: text }, className) => make('li', { className },
    make('a', { href: `#${id}` }, make('span', { textContent: text }), pageNumber(id)));
  let part = null;
  for (const page of pages) {
    if (page.part !== part) {
      if (page.part) list.append(make('p', { className: 'part', textContent: page.part }));
      list.append(make('ul'));
      part = page.part;
    }
    const item = entry(page, 'chapter');
    item.append(make('ul', {}, ...page.sections.map((section) => entry(section, 'section'))));
    list.lastChild.append(item);
  }
  return list;
}

window.addFront = (book) => {
  document.querySelector('#book').prepend(title(book), contents(book.pages));
  const running = book.pages.map((page) => `@page ${page.id} { @top-left { content: ${JSON.stringify(page.title)} } }
    #${CSS.escape(page.id)} { page: ${page.id} }`);
  document.head.append(make('style', { textContent: running.join('\n') }));
  return document.fonts.ready.then(fit);
};

// What is wider than the page is set smaller, as far as it must be.
function fit() {
  for (const box of document.querySelectorAll('div.math, .scrolls, .ce-widget, td, th')) {
    const formula = box.matches('div.math') ? box.querySelector('mjx-math').scrollWidth : 0;
    const ratio = box.clientWidth / Math.max(formula, box.scrollWidth);
    if (ratio < 0.999) box.style.fontSize = `${Math.floor(ratio * 98)}%`;
  }
}

// What would be cut: wider than the text, or whole by rule and higher than a page.
window.tooLarge = () => {
  const { right } = document.querySelector('#book').getBoundingClientRect();
  const highest = 251 / 25.4 * 96; // mm between the margins of print.css
  const told = (element, size) => `${element.closest('.page')?.id}: ${element.localName} "${heading(element).slice(0, 60)}" (${size})`;
  const faults = [];
  for (const element of document.querySelectorAll('#book *')) {
    if (element.closest('mjx-assistive-mml, desc, [data-page$="cheat_sheet"]') || element.matches('svg *')) continue;
    const box = element.getBoundingClientRect();
    if (box.right > right + 1) faults.push(told(element, `${Math.round(box.right - right)} px too wide`));
    if (getComputedStyle(element).breakInside === 'avoid' && box.height > highest) {
      faults.push(told(element, `${Math.round(box.height - highest)} px too high`));
    }
  }
  return faults;
};

window.fillIn = (numbers) => {
  for (const place of document.querySelectorAll('.page-number')) place.textContent = numbers[place.dataset.to];
};
