// Makes a quote with the generated client, and reads it by its types.
// node built/call.js BASE_URL REQUEST, with a customer's token in TRUNKLINE_TOKEN.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Configuration, QuotesApi, QuoteRequestFromJSON, type QuoteView } from './typescript-fetch/index.js';

const [basePath, request] = process.argv.slice(2);
assert.ok(basePath && request);
const quotes = new QuotesApi(new Configuration({ basePath, accessToken: process.env.TRUNKLINE_TOKEN }));

const quoteRequest = QuoteRequestFromJSON(JSON.parse(readFileSync(request, 'utf8')));
const quote: QuoteView = (await quotes.fundersQuoteGenerate({ quoteRequest })).data;
const read: QuoteView = (await quotes.fundersQuoteGet({ quoteId: quote.id })).data;

assert.equal(quote.status, 'GENERATED');
assert.equal(quote.funderName, quoteRequest.funderName);
assert.equal(typeof quote.monthlyPayment, 'number');
assert.ok(quote.createdAt instanceof Date);
// The response to the request has nothing about the customer: it can be stored under an idempotency key.
assert.equal(quote.customerDetails, null);
assert.equal(read.customerDetails?.email, quoteRequest.customerDetails.email);
const { customerDetails, vehicleDetails, contractDetails, source } = quote;
assert.deepEqual({ ...read, customerDetails, vehicleDetails, contractDetails, source }, quote);
console.log(`    ${quote.funderName}: ${quote.monthlyPayment} a month for ${quote.term} months`);
