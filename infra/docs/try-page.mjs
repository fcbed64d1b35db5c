// Tests the API page in a browser: it lists every operation, requests nothing from other origins, and the first Execute of
// every operation works as the page has filled it in.
// node try-page.mjs CHROMIUM BASE_URL SCREENSHOT, with the token that the page tells its reader to make in TRUNKLINE_TOKEN,
// and the API key of each operation that takes one in TRUNKLINE_KEYS, a JSON object.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chromium } from 'playwright-core';

const [executablePath, base, screenshot] = process.argv.slice(2);
const token = process.env.TRUNKLINE_TOKEN;
const keys = JSON.parse(process.env.TRUNKLINE_KEYS);
const PROTECTED = 'funders-quote-status';
/** A funder may take 25 seconds. */
const ANSWER_TIMEOUT = 40_000;

const browser = await chromium.launch({ executablePath });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.setDefaultTimeout(20_000);

const requested = [];
const errors = [];
page.on('request', (request) => requested.push(request.url()));
page.on('pageerror', (error) => errors.push(String(error)));
page.on('console', (message) => {
  if (message.type() === 'error' || message.type() === 'warning') {
    errors.push(`${message.text()} (${message.location().url})`);
  }
});

const operation = (id) =>
  page.locator('.opblock').filter({ has: page.locator('.opblock-summary-operation-id').getByText(id, { exact: true }) });

const summary = (block) => block.locator('.opblock-summary-control');

/** A click that does not wait until the page has scrolled, which takes half a second for each operation. */
const press = (button) => button.dispatchEvent('click');

/** Opens an operation, fills in its path parameters, sends it, and returns the status of the answer. */
async function tryOut(id, parameters = {}) {
  const block = operation(id);
  if (!(await block.locator('.opblock-body').isVisible())) {
    await press(summary(block));
    await press(block.locator('.try-out__btn'));
  }
  for (const [name, value] of Object.entries(parameters)) {
    await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  const answered = page.waitForResponse((response) => ['fetch', 'xhr'].includes(response.request().resourceType()), {
    timeout: ANSWER_TIMEOUT,
  });
  await press(block.locator('.execute'));
  const response = await answered;
  // The page must show the status that the server sent.
  await block.locator('.live-responses-table .response-col_status').getByText(String(response.status())).first().waitFor();
  return response;
}

/** The first Execute of an operation, with the example that the page shows. Returns what is wrong with its response. */
async function firstTry(id) {
  try {
    const response = await tryOut(id);
    await press(summary(operation(id)));
    const status = response.status();
    return status < 300 || status === 404 ? [] : [`${id}: ${status} ${await response.text()}`];
  } catch (error) {
    // The page sends nothing while a value is missing that it needs.
    return [`${id}: ${String(error).split('\n')[0]}`];
  }
}

/** Gives the page a credential of this scheme, in place of an earlier one. */
async function authorise(scheme, credential) {
  await page.locator('.auth-wrapper > .authorize').click();
  // Each scheme has its own form.
  const name = page.locator('h4 code').getByText(scheme, { exact: true });
  const form = page.locator('.auth-container form').filter({ has: name });
  await form.waitFor();
  const logout = form.locator('button').getByText('Logout', { exact: true });
  if (await logout.isVisible()) {
    await logout.click();
  }
  await form.locator('input').fill(credential);
  await form.locator('.auth-btn-wrapper .authorize').click();
  await form.locator('.auth-btn-wrapper .btn-done').click();
}

async function open() {
  const answer = await page.goto(`${base}/api-docs`, { waitUntil: 'networkidle' });
  assert.equal(answer.status(), 200);
  await page.locator('.opblock').first().waitFor();
}

try {
  await open();

  const document = await (await fetch(`${base}/api-docs/openapi.json`)).json();
  const ids = (section) =>
    Object.values(document[section] ?? {})
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId);
  const operations = ids('paths');
  const expected = [...operations, ...ids('webhooks')].sort();
  // In the page's order.
  const listed = await page.locator('.opblock-summary-operation-id').allTextContents();
  assert.ok(expected.length > 0);
  assert.deepEqual(listed.toSorted(), expected, 'every operation is listed');
  assert.deepEqual(errors, [], 'the browser reports no error or warning');

  assert.equal((await tryOut('operations-health')).status(), 200);
  assert.deepEqual(errors, []);

  const parameters = { quoteId: randomUUID() };
  assert.equal((await tryOut(PROTECTED, parameters)).status(), 401, 'a caller without a token is refused');
  await authorise('bearer', token);
  assert.equal((await tryOut(PROTECTED, parameters)).status(), 404, 'the token is accepted, and the quote does not exist');

  // As a reader finds the page: nothing filled in.
  await open();
  await authorise('bearer', token);
  const failed = [];
  let key;
  for (const id of listed.filter((each) => operations.includes(each))) {
    if (keys[id] && keys[id] !== key) {
      key = keys[id];
      await authorise('apiKey', key);
    }
    failed.push(...(await firstTry(id)));
  }
  assert.equal(failed.length, 0, `the first Execute answers 2xx or 404:\n${failed.join('\n')}`);

  // The browser reports every answer from 400 up as an error.
  assert.deepEqual(
    errors.filter((error) => !error.startsWith('Failed to load resource')),
    [],
  );

  const { origin } = new URL(base);
  const foreign = requested.filter((url) => !url.startsWith('data:') && new URL(url).origin !== origin);
  assert.deepEqual(foreign, [], 'every request goes to the hub');
  console.log(`    ${listed.length} operations listed, ${requested.length} requests, all to ${origin}`);
} finally {
  await page.screenshot({ path: screenshot, fullPage: true });
  await browser.close();
}
