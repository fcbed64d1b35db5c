// LEX: its token from the secret in Secrets Manager, its request, and the price in its answer.
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SignJWT } from 'jose';

import { CONTRACT_TYPES, isMoney, isText, isWhole, Problem } from './request.mjs';

const { env } = process;
const url = `${env.LEX_SANDBOX_URL.replace(/\/+$/, '')}/quotes/calculate`;
const secrets = new SecretsManagerClient({
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
});

let held = { renewAt: 0 };

async function bearer() {
  const now = Math.floor(Date.now() / 1000);
  if (held.renewAt > now) return held.bearer;
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: env.LEX_SANDBOX_SECRET }));
  const secret = JSON.parse(SecretString);
  const end = now + Number(env.LEX_JWT_EXPIRY_HOURS || 24) * 3600;
  const key = Buffer.from(secret.LEX_SHARED_SECRET, env.LEX_SECRET_ENCODING === 'base64' ? 'base64' : 'utf8');
  const token = await new SignJWT({
    sub: secret.LEX_APP_ID,
    lbg_major_dealerid: secret.LEX_DEALER_ID_MAJOR,
    lbg_minor_dealerid: secret.LEX_DEALER_ID_MINOR,
    iat: now - 30,
    nbf: now - 30,
    exp: end,
  }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key);
  held = { bearer: `Bearer ${token}`, renewAt: end - 300 };
  return held.bearer;
}

// In init, so that requests find it; what fails here is tried again by the first one.
await bearer().catch((error) => console.error(JSON.stringify({ level: 'WARN', message: 'no secret yet', cause: error.message })));

/** Asks for a price. Never rejects: what was said and how it failed is the integration log's too. */
export async function callLex(ask, reference, correlation) {
  const { vehicleDetails: vehicle, contractDetails: contract } = ask;
  const request = JSON.stringify({
    asset: { cap_id: Number(vehicle.capId), cap_code: vehicle.capCode ?? null, model_year: vehicle.year, options: [] },
    accessories: [],
    financials: {
      contract_type_id: CONTRACT_TYPES[contract.quoteType],
      plan: contract.maintenanceIncluded ? 106 : 105,
      term: contract.term,
      mileage: contract.annualMileage,
      relief_vehicle: 0,
      customer_initial_payment: contract.deposit,
      estimated_sales_value: null,
      cust_reference: reference,
    },
    adjustments: {
      off_invoice_support: null,
      otrp: vehicle.price,
      commission: null,
      discount: null,
      customer_terms: 0,
      co2_emission: null,
    },
  });
  const call = { request };
  const started = performance.now();
  try {
    const headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      'x-lbg-request-id': correlation,
      authorization: await bearer(),
    };
    const signal = AbortSignal.timeout(8000);
    const answer = await fetch(url, { method: 'POST', headers, body: request, redirect: 'manual', signal });
    call.status = answer.status;
    call.response = await answer.text();
    call.took = Math.round(performance.now() - started);
    call.price = price(call.status, call.response, contract);
  } catch (error) {
    call.took ??= Math.round(performance.now() - started);
    call.problem = error instanceof Problem ? error : new Problem(503, 'funder-unreachable', `no answer: ${error.message}`);
  }
  return call;
}

function price(status, response, contract) {
  if (status === 401 || status === 403) held = { renewAt: 0 };
  if (status === 400 || status === 422) throw new Problem(422, 'funder-rejected', 'LEX does not accept this request.');
  if (status === 429 || status >= 500) throw new Problem(503, 'funder-error', `LEX answered ${status}`);
  const unusable = (what) => new Problem(502, 'funder-bad-response', `LEX answered without a usable ${what}`);
  if (status < 200 || status > 299) throw unusable('status');
  let quote;
  try {
    quote = JSON.parse(response);
  } catch {
    throw unusable('body');
  }
  const money = (name) => {
    if (!isMoney(quote[name])) throw unusable(name);
    return { minor: Math.round(quote[name] * 100), currency: 'GBP' };
  };
  const [monthly, total, initial] = ['monthly_rental', 'total_rentals', 'initial_payment'].map(money);
  const balloon = quote.balloon == null ? undefined : money('balloon');
  if (!isText(quote.quote_id, 1, 100)) throw unusable('quote_id');
  if (monthly.minor === 0 || total.minor < monthly.minor) throw unusable('price');
  if (!isWhole(quote.term, 1, 1200) || quote.apr < 0) throw unusable('term or apr');
  if ((quote.currency ?? 'GBP') !== 'GBP') throw unusable('currency');
  const atTheEnd = contract.quoteType.endsWith('CONTRACT_HIRE') ? 0 : (balloon?.minor ?? 0);
  return {
    monthly_payment: monthly,
    total_amount: total,
    total_amount_payable: { minor: initial.minor + total.minor + atTheEnd, currency: 'GBP' },
    apr: quote.apr == null ? undefined : String(quote.apr),
    balloon_payment: balloon,
    term: quote.term,
    external_quote_id: quote.quote_id,
    external_reference: quote.quote_reference ?? undefined,
    valid_until: quote.valid_until ?? undefined,
  };
}
