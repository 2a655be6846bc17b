// One pass through Firefox: node firefox.mjs PROGRAM ADDRESS TASK. A fourth argument tells the task
// `widgets` where each is, '{"widget": "page", ...}', and the task `cells` the last cell that each
// chapter shows, '{"chapter": "id", ...}'. The other tasks: `questions` and `log`.
// Playwright brings a Firefox of its own; this drives the one that readers have.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../website/package.json', import.meta.url));
const puppeteer = require('puppeteer-core');
const [, , program, address, task, places = '{}'] = process.argv;
const browser = await puppeteer.launch({ browser: 'firefox', executablePath: program, headless: true, protocolTimeout: 600_000 });
const result = { errors: [] };
try {
  const page = await browser.newPage();
  // A formula that is laid out while half of it is still to come is reported; whole ones are looked at below.
  page.on('pageerror', ({ message }) => /Incorrect number of children/.test(message) || result.errors.push(message));
  await page.setViewport({ width: 1280, height: 900 });
  for (const [name, place] of Object.entries(task === 'widgets' ? JSON.parse(places) : {})) {
    if (page.url() !== address + place) {
      await page.goto(address + place);
      const parts = { msub: 2, msup: 2, mfrac: 2, munder: 2, mover: 2, mroot: 2, msubsup: 3, munderover: 3 };
      result.errors.push(...await page.$$eval('math *', (all, parts) => all.filter((one) => one.children.length !== (parts[one.localName] ?? one.children.length)).map((one) => one.outerHTML), parts));
    }
    const box = await page.$(`[data-widget=${name}]`);
    await box.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const slider = await page.waitForSelector(`[data-widget=${name}] input[type=range]`);
    await box.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await box.evaluate((element) => element.innerText);
    await slider.focus();
    await page.keyboard.press('ArrowLeft'); // one of the two moves it, wherever it stands
    if (before === await box.evaluate((element) => element.innerText)) await page.keyboard.press('ArrowRight');
    const after = await box.evaluate((element) => element.innerText);
    result[name] = before === after ? 'still' : 'moved';
    const at = await (await box.$('.ce-knob'))?.boundingBox(); // what is dragged follows the mouse, too
    if (!at) continue;
    await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
    await page.mouse.down();
    await page.mouse.move(at.x + at.width / 2 - 25, at.y + at.height / 2 - 25, { steps: 4 });
    await page.mouse.up();
    if (after === await box.evaluate((element) => element.innerText)) result[name] = 'not dragged';
  }
  if (task === 'log') {
    await page.goto(`${address}pages/your_log.html#log=2.3026&K=10&format=float32`);
    const link = await page.waitForSelector('#log-found li a');
    result.log = await link.evaluate((element) => element.innerText.split(' ')[0]);
  } else if (task === 'cells') {
    for (const [chapter, last] of Object.entries(JSON.parse(places))) {
      await page.goto(`${address}chapters/${chapter}.html`);
      await page.$eval('[data-do=run-all]', (element) => element.click());
      await page.waitForSelector(`#cell-${last} .yours:is([data-same], :has(.failed))`, { timeout: 300_000 });
      result[chapter] = await page.$$eval('[data-do=run]', (buttons) => buttons.map((button) => button.closest('.cell'))
        .filter((cell) => cell.querySelector('.yours')?.dataset.same !== 'true').map(({ id }) => id));
      result[chapter].push(...await page.$$eval('.untrue, .error, .stderr', (found) => found.map(({ innerText }) => innerText)));
    }
  } else if (task === 'questions') {
    await page.goto(`${address}chapters/02_cross_entropy.html`);
    const quiz = '[data-question="02-loss-of-a-label"]';
    await page.$eval(quiz, (element) => element.scrollIntoView({ block: 'center' }));
    await page.waitForSelector(`${quiz} form`);
    await page.$eval(`${quiz} .ce-option:nth-of-type(2) input`, (element) => element.click());
    await page.$eval(`${quiz} button`, (element) => element.click());
    result.quiz = await page.$eval(`${quiz} [role=status] b`, (element) => element.innerText.replace('✓', '').trim());
    await page.goto(`${address}chapters/01_surprisal.html`);
    await page.$eval('#guess-coins', (element) => element.scrollIntoView({ block: 'center' }));
    await page.waitForSelector('#guess-coins form');
    const hidden = () => page.$eval('.answers-coins', (element) => element.hidden);
    result.guess = [await hidden()];
    await page.$eval('#guess-coins input[value="about half"]', (element) => element.click());
    await page.$eval('#guess-coins button', (element) => element.click());
    result.guess.push(await hidden(), await page.$eval('#guess-coins', (element) => element.innerText.includes('✓ Right')));
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(result));
