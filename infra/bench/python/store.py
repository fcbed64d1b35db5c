"""The rows: a quote's in two conditional writes, and one of the integration log."""

import json
import os
import time
import uuid

import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config

import redact

DYNAMO = boto3.client(
    "dynamodb",
    region_name=os.environ["AWS_REGION"],
    config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
)
SQS = boto3.client(
    "sqs",
    region_name=os.environ["AWS_REGION"],
    config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
)
QUOTES = os.environ["FUNDERS_TABLE"]
LOG = os.environ["INTEGRATION_LOG_TABLE"]
SERIALIZER = TypeSerializer()
DAY = 24 * 60 * 60


def new_id():
    """UUID v7, so that newer ones sort later."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=value))


def text(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def present(row):
    return {name: value for name, value in row.items() if value is not None}


def item(row):
    return {name: SERIALIZER.serialize(value) for name, value in present(row).items()}


def create(row):
    DYNAMO.put_item(
        TableName=QUOTES,
        Item=item(row),
        ConditionExpression="attribute_not_exists(#pk)",
        ExpressionAttributeNames={"#pk": "pk"},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


def watch(id):
    SQS.send_message(
        QueueUrl=os.environ["QUOTE_RETRY_QUEUE_URL"],
        MessageBody=json.dumps({"id": id, "attempt": 0}),
        DelaySeconds=5,
    )


def replace(row):
    DYNAMO.put_item(
        TableName=QUOTES,
        Item=item(row),
        ConditionExpression="#revision = :before",
        ExpressionAttributeNames={"#revision": "revision"},
        ExpressionAttributeValues={":before": {"N": str(row["revision"] - 1)}},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


def write_log(call, correlation, now):
    row = {
        "pk": f"LEX#SANDBOX#{text(now)[:13]}",
        "sk": new_id(),
        "funderName": "LEX",
        "environment": "SANDBOX",
        "operation": "quote",
        "status": "FAILED" if call["problem"] else "SUCCESS",
        "retryCount": 0,
        "responseTime": call["took"],
        "correlationId": correlation,
        "createdAt": text(now),
        "httpStatus": call["status"],
        "error": call["problem"].code if call["problem"] else None,
        "request": redact.document(call["request"]),
        "response": None if call["response"] is None else redact.document(call["response"]),
        "ttl": int(now.timestamp()) + 30 * DAY,
    }
    left = {LOG: [{"PutRequest": {"Item": item(row)}}]}
    while left:
        left = DYNAMO.batch_write_item(RequestItems=left).get("UnprocessedItems")
