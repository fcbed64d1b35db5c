// A minimal custom runtime: what the managed Node runtime does, over one kept-alive connection.
import http from 'node:http';

import { handler } from './quote.mjs';

const [hostname, port = 80] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request({ agent, hostname, port, method, path: `/2018-06-01/runtime/invocation/${path}`, headers });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.end(body);
  });
}

for (;;) {
  const next = await call('GET', 'next');
  const id = next.headers['lambda-runtime-aws-request-id'];
  try {
    const answer = await handler(JSON.parse(next.text));
    await call('POST', `${id}/response`, JSON.stringify(answer));
  } catch (error) {
    console.error(error);
    await call('POST', `${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: error.message }));
  }
}
