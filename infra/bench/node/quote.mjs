// The work of our funders-quote-generate as one would write it in Node 20 with the AWS SDK v3, to be measured against it.
import { callLex } from './lex.mjs';
import { hash } from './redact.mjs';
import { authenticate, Problem, read } from './request.mjs';
import { create, DAY, newId, replace, seconds, watch, writeLog } from './store.mjs';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function view(row, ask, now) {
  const { price } = row;
  const { contractDetails: asked } = ask;
  const extra = asked.quoteType.endsWith('CONTRACT_HIRE') ? ['apr', 'balloonPayment'].filter((name) => asked[name] != null) : [];
  return {
    id: row.id,
    funderName: row.funderName,
    environment: row.environment,
    status: Date.parse(row.validUntil) <= now.getTime() ? 'EXPIRED' : row.status,
    monthlyPayment: price.monthly_payment.minor / 100,
    totalAmount: price.total_amount.minor / 100,
    totalAmountPayable: price.total_amount_payable.minor / 100,
    apr: price.apr === undefined ? asked.apr : Number(price.apr),
    balloonPayment: price.balloon_payment ? price.balloon_payment.minor / 100 : asked.balloonPayment,
    term: price.term,
    requestedTerm: price.term === asked.term ? undefined : asked.term,
    externalQuoteId: price.external_quote_id,
    externalReference: price.external_reference,
    validUntil: row.validUntil,
    warnings: extra.length > 0 ? extra.map((name) => `${name} has no meaning for contract hire; it was not sent`) : undefined,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

async function generate(event, caller, correlation) {
  const ask = read(event);
  if (!caller.staff && caller.email !== ask.customerDetails.email) {
    throw new Problem(403, 'forbidden', 'A customer may ask only for quotes in their own, verified e-mail address.');
  }
  const began = new Date();
  const id = newId(began);
  const pending = {
    pk: `QUOTE#${id}`,
    sk: 'QUOTE',
    id,
    owner: caller.subject,
    funderName: 'LEX',
    environment: 'SANDBOX',
    status: 'PENDING',
    request: JSON.stringify(ask),
    revision: 0,
    attempt: 1,
    correlationId: correlation,
    createdAt: began.toISOString(),
    updatedAt: began.toISOString(),
    ttl: seconds(began) + 90 * DAY,
  };
  const [, , call] = await Promise.all([create(pending), watch(id), callLex(ask, id, correlation)]);
  const now = new Date();
  const row = { ...pending, revision: 1, updatedAt: now.toISOString() };
  if (call.problem) {
    Object.assign(row, { status: 'FAILED', failure: { code: call.problem.code, message: call.problem.message } });
  } else {
    const validUntil = call.price.valid_until ?? new Date(now.getTime() + 28 * DAY * 1000).toISOString();
    Object.assign(row, { status: 'GENERATED', price: call.price, validUntil });
  }
  await Promise.all([replace(row), writeLog(call, correlation, began)]);
  if (call.problem) throw call.problem;
  const body = { success: true, data: view(row, ask, now), message: 'Quote generated successfully with LEX' };
  return { status: 201, body, headers: { location: `/api/integration/quotes/${id}/status` } };
}

function explain(error) {
  const known = error instanceof Problem ? error : new Problem(503, 'unavailable', `${error.name}: ${error.message}`);
  const { status, code, message, errors } = known;
  const said = status < 500 ? message : 'Temporarily unavailable';
  const body = { type: `urn:trunkline:problem:${code}`, title: said, status, code, errors, success: false, message: said };
  return { status, code, cause: status < 500 ? undefined : message, body, headers: { 'content-type': 'application/problem+json' } };
}

export async function handler(event) {
  const started = performance.now();
  const given = event.headers['x-correlation-id'];
  const correlation = UUID.test(given) ? given : newId(new Date());
  let caller;
  let reply;
  try {
    caller = await authenticate(event.headers);
    reply = await generate(event, caller, correlation);
  } catch (error) {
    reply = explain(error);
  }
  console.log(JSON.stringify({
    timestamp: new Date().toISOString(),
    level: reply.status < 500 ? 'INFO' : 'ERROR',
    message: 'request',
    correlation,
    route: event.routeKey,
    caller: caller && hash(caller.subject),
    status: reply.status,
    duration: Math.round(performance.now() - started),
    code: reply.code,
    cause: reply.cause,
  }));
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-correlation-id': correlation, ...reply.headers };
  return { statusCode: reply.status, headers, body: JSON.stringify(reply.body), isBase64Encoded: false };
}
