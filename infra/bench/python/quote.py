"""The work of our funders-quote-generate as one would write it in Python with boto3 and Powertools, to be measured."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from aws_lambda_powertools import Logger

from lex import bearer, call_lex
from redact import hashed
from request import Problem, authenticate, read
from store import DAY, create, new_id, present, replace, text, watch, write_log

WORKERS = ThreadPoolExecutor(3)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
logger = Logger(service="funders")

try:
    bearer()  # In init, so that requests find it; what fails here is tried again by the first one.
except Exception as error:
    logger.warning("no secret yet", extra={"cause": repr(error)})


def pounds(money):
    return money and money["minor"] / 100


def view(row, ask, now):
    price, asked = row["price"], ask["contractDetails"]
    balloon = pounds(price.get("balloon_payment"))
    hire = asked["quoteType"].endswith("CONTRACT_HIRE")
    extra = [name for name in ("apr", "balloonPayment") if hire and asked.get(name) is not None]
    ended = datetime.fromisoformat(row["validUntil"]) <= now
    return present({
        "id": row["id"],
        "funderName": row["funderName"],
        "environment": row["environment"],
        "status": "EXPIRED" if ended else row["status"],
        "monthlyPayment": pounds(price["monthly_payment"]),
        "totalAmount": pounds(price["total_amount"]),
        "totalAmountPayable": pounds(price["total_amount_payable"]),
        "apr": float(price["apr"]) if "apr" in price else asked.get("apr"),
        "balloonPayment": asked.get("balloonPayment") if balloon is None else balloon,
        "term": price["term"],
        "requestedTerm": asked["term"] if asked["term"] != price["term"] else None,
        "externalQuoteId": price["external_quote_id"],
        "externalReference": price.get("external_reference"),
        "validUntil": row["validUntil"],
        "warnings": [f"{name} has no meaning for contract hire; it was not sent" for name in extra] or None,
        "createdAt": row["createdAt"],
        "updatedAt": row["updatedAt"],
    })


def generate(event, caller, correlation):
    ask = read(event)
    if not caller["staff"] and caller["email"] != ask["customerDetails"]["email"]:
        raise Problem(403, "forbidden", "A customer may ask only for quotes in their own, verified e-mail address.")
    began, quote_id = datetime.now(timezone.utc), new_id()
    row = {
        "pk": f"QUOTE#{quote_id}",
        "sk": "QUOTE",
        "id": quote_id,
        "owner": caller["subject"],
        "funderName": "LEX",
        "environment": "SANDBOX",
        "status": "PENDING",
        "request": json.dumps(ask, default=float, separators=(",", ":"), ensure_ascii=False),
        "revision": 0,
        "attempt": 1,
        "correlationId": correlation,
        "createdAt": text(began),
        "updatedAt": text(began),
        "ttl": int(began.timestamp()) + 90 * DAY,
    }
    pending = WORKERS.submit(create, row)
    watched = WORKERS.submit(watch, row["id"])
    call = call_lex(ask, quote_id, correlation)
    pending.result()
    watched.result()
    now = datetime.now(timezone.utc)
    row = {**row, "revision": 1, "updatedAt": text(now)}
    if call["problem"]:
        row.update(status="FAILED", failure={"code": call["problem"].code, "message": call["problem"].message})
    else:
        until = call["price"]["valid_until"] or text(now + timedelta(days=28))
        row.update(status="GENERATED", price=present(call["price"]), validUntil=until)
    logged = WORKERS.submit(write_log, call, correlation, began)
    replace(row)
    lost = logged.exception()
    if lost:  # A log that cannot be written stops nothing, but says so.
        logger.error("an integration log row is lost", extra={"cause": repr(lost)})
    if call["problem"]:
        raise call["problem"]
    body = {"success": True, "data": view(row, ask, now), "message": "Quote generated successfully with LEX"}
    return 201, {"location": f"/api/integration/quotes/{quote_id}/status"}, body


def explain(error):
    if not isinstance(error, Problem):
        error = Problem(503, "unavailable", repr(error))
    said = error.message if error.status < 500 else "Temporarily unavailable"
    body = {
        "type": f"urn:trunkline:problem:{error.code}",
        "title": said,
        "status": error.status,
        "code": error.code,
        "errors": error.errors,
        "success": False,
        "message": said,
    }
    logged = {"code": error.code, "cause": error.message if error.status >= 500 else None}
    return error.status, {"content-type": "application/problem+json"}, body, logged


def handler(event, context):
    started = time.perf_counter()
    given = event["headers"].get("x-correlation-id", "")
    correlation = given if UUID.fullmatch(given) else new_id()
    caller, more = None, {}
    try:
        caller = authenticate(event["headers"])
        status, headers, body = generate(event, caller, correlation)
    except Exception as error:
        status, headers, body, more = explain(error)
    line = {
        "correlation": correlation,
        "route": event.get("routeKey"),
        "caller": hashed(caller["subject"]) if caller else None,
        "status": status,
        "duration": round((time.perf_counter() - started) * 1000),
        **more,
    }
    (logger.info if status < 500 else logger.error)("request", extra=present(line))
    return {
        "statusCode": status,
        "headers": {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-correlation-id": correlation,
            **headers,
        },
        "body": json.dumps(body, default=float, separators=(",", ":"), ensure_ascii=False),
        "isBase64Encoded": False,
    }
