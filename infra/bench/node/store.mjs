// The rows: a quote's in two conditional writes, and one of the integration log.
import { randomBytes } from 'node:crypto';

import { BatchWriteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';

import { redactDocument } from './redact.mjs';

const { env } = process;
const dynamo = new DynamoDBClient({
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
});
// The stub is no queue: it has neither its address nor its checksum.
const sqs = new SQSClient({
  maxAttempts: 1,
  md5: false,
  useQueueUrlAsEndpoint: false,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
});
export const DAY = 24 * 60 * 60;

export const seconds = (date) => Math.floor(date.getTime() / 1000);
const item = (row) => marshall(row, { removeUndefinedValues: true });

/** UUID v7, so that newer ones sort later. */
export function newId(now) {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export const create = (row) =>
  dynamo.send(new PutItemCommand({
    TableName: env.FUNDERS_TABLE,
    Item: item(row),
    ConditionExpression: 'attribute_not_exists(#pk)',
    ExpressionAttributeNames: { '#pk': 'pk' },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }));

export const watch = (id) =>
  sqs.send(new SendMessageCommand({
    QueueUrl: env.QUOTE_RETRY_QUEUE_URL,
    MessageBody: JSON.stringify({ id, attempt: 0 }),
    DelaySeconds: 5,
  }));

export const replace = (row) =>
  dynamo.send(new PutItemCommand({
    TableName: env.FUNDERS_TABLE,
    Item: item(row),
    ConditionExpression: '#revision = :before',
    ExpressionAttributeNames: { '#revision': 'revision' },
    ExpressionAttributeValues: { ':before': { N: String(row.revision - 1) } },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }));

/** A log that cannot be written stops nothing, but says so. */
export async function writeLog(call, correlation, now) {
  const row = {
    pk: `LEX#SANDBOX#${now.toISOString().slice(0, 13)}`,
    sk: newId(now),
    funderName: 'LEX',
    environment: 'SANDBOX',
    operation: 'quote',
    status: call.problem ? 'FAILED' : 'SUCCESS',
    retryCount: 0,
    responseTime: call.took,
    correlationId: correlation,
    createdAt: now.toISOString(),
    httpStatus: call.status,
    error: call.problem?.code,
    request: redactDocument(call.request),
    response: call.response === undefined ? undefined : redactDocument(call.response),
    ttl: seconds(now) + 30 * DAY,
  };
  try {
    let left = { [env.INTEGRATION_LOG_TABLE]: [{ PutRequest: { Item: item(row) } }] };
    while (left && Object.keys(left).length > 0) {
      left = (await dynamo.send(new BatchWriteItemCommand({ RequestItems: left }))).UnprocessedItems;
    }
  } catch (error) {
    console.error(JSON.stringify({ level: 'ERROR', message: 'an integration log row is lost', cause: error.message }));
  }
}
