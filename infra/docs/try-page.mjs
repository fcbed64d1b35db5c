// Tests the API page in a browser: it lists every operation, requests nothing from other origins, and "try it" works.
// node try-page.mjs CHROMIUM BASE_URL SCREENSHOT, with a customer's token in TRUNKLINE_TOKEN.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chromium } from 'playwright-core';

const [executablePath, base, screenshot] = process.argv.slice(2);
const token = process.env.TRUNKLINE_TOKEN;
const PROTECTED = 'funders-quote-status';

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

/** Opens an operation, fills in its path parameters, sends it, and returns the status of the answer. */
async function tryOut(id, parameters = {}) {
  const block = operation(id);
  if (!(await block.locator('.opblock-body').isVisible())) {
    await block.locator('.opblock-summary-control').click();
    await block.locator('.try-out__btn').click();
  }
  for (const [name, value] of Object.entries(parameters)) {
    await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  const answered = page.waitForResponse((response) => ['fetch', 'xhr'].includes(response.request().resourceType()));
  await block.locator('.execute').click();
  const status = (await answered).status();
  // The page must show the status that the server sent.
  await block.locator('.live-responses-table .response-col_status').getByText(String(status)).first().waitFor();
  return status;
}

async function authorise() {
  await page.locator('.scheme-container .authorize').click();
  // Each scheme has its own form.
  const form = page.locator('.auth-container form').filter({ hasText: 'bearer' });
  await form.locator('input').fill(token);
  await form.locator('.auth-btn-wrapper .authorize').click();
  await form.locator('.auth-btn-wrapper .btn-done').click();
}

try {
  const answer = await page.goto(`${base}/api-docs`, { waitUntil: 'networkidle' });
  assert.equal(answer.status(), 200);
  await page.locator('.opblock').first().waitFor();

  const document = await (await fetch(`${base}/api-docs/openapi.json`)).json();
  const expected = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId }) => operationId)
    .sort();
  const listed = (await page.locator('.opblock-summary-operation-id').allTextContents()).sort();
  assert.ok(expected.length > 0);
  assert.deepEqual(listed, expected, 'every operation is listed');
  assert.deepEqual(errors, [], 'the browser reports no error or warning');

  assert.equal(await tryOut('operations-health'), 200);
  assert.deepEqual(errors, []);

  const parameters = { quoteId: randomUUID() };
  assert.equal(await tryOut(PROTECTED, parameters), 401, 'a caller without a token is refused');
  await authorise();
  assert.equal(await tryOut(PROTECTED, parameters), 404, 'the token is accepted, and the quote does not exist');
  // The browser reports every answer from 400 up as an error. This test expects two of them.
  assert.deepEqual(
    errors.filter((error) => !error.startsWith('Failed to load resource')),
    [],
  );
  assert.equal(errors.length, 2, errors.join('\n'));

  const { origin } = new URL(base);
  const foreign = requested.filter((url) => !url.startsWith('data:') && new URL(url).origin !== origin);
  assert.deepEqual(foreign, [], 'every request goes to the hub');
  console.log(`    ${listed.length} operations listed, ${requested.length} requests, all to ${origin}`);
} finally {
  await page.screenshot({ path: screenshot, fullPage: true });
  await browser.close();
}
