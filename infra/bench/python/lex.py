"""LEX: its token from the secret in Secrets Manager, its request, and the price in its answer."""

import base64
import json
import os
import ssl
import time
from decimal import Decimal

import boto3
import jwt
import urllib3
from botocore.config import Config

from request import CONTRACT_TYPES, Problem, is_money, is_number, is_text, is_whole

SECRETS = boto3.client(
    "secretsmanager",
    region_name=os.environ["AWS_REGION"],
    config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
)
URL = os.environ["LEX_SANDBOX_URL"].rstrip("/") + "/quotes/calculate"
HTTP = urllib3.PoolManager(
    ssl_context=ssl.create_default_context(
        cafile=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("AWS_CA_BUNDLE")
    ),
    timeout=urllib3.Timeout(connect=2, read=8),
    retries=False,
)

held = {"renew_at": 0}


def bearer():
    now = int(time.time())
    if held["renew_at"] > now:
        return held["bearer"]
    secret = json.loads(SECRETS.get_secret_value(SecretId=os.environ["LEX_SANDBOX_SECRET"])["SecretString"])
    end = now + int(os.environ.get("LEX_JWT_EXPIRY_HOURS") or 24) * 3600
    key = secret["LEX_SHARED_SECRET"]
    if os.environ.get("LEX_SECRET_ENCODING") == "base64":
        key = base64.b64decode(key)
    claims = {
        "sub": secret["LEX_APP_ID"],
        "lbg_major_dealerid": secret["LEX_DEALER_ID_MAJOR"],
        "lbg_minor_dealerid": secret["LEX_DEALER_ID_MINOR"],
        "iat": now - 30,
        "nbf": now - 30,
        "exp": end,
    }
    held.update(bearer="Bearer " + jwt.encode(claims, key, "HS256"), renew_at=end - 300)
    return held["bearer"]


def call_lex(ask, reference, correlation):
    """Asks for a price. Never raises: what was said and how it failed is the integration log's too."""
    vehicle, contract = ask["vehicleDetails"], ask["contractDetails"]
    request = {
        "asset": {
            "cap_id": int(vehicle["capId"]),
            "cap_code": vehicle.get("capCode"),
            "model_year": vehicle["year"],
            "options": [],
        },
        "accessories": [],
        "financials": {
            "contract_type_id": CONTRACT_TYPES[contract["quoteType"]],
            "plan": 106 if contract.get("maintenanceIncluded") else 105,
            "term": contract["term"],
            "mileage": contract["annualMileage"],
            "relief_vehicle": 0,
            "customer_initial_payment": contract["deposit"],
            "estimated_sales_value": None,
            "cust_reference": reference,
        },
        "adjustments": {
            "off_invoice_support": None,
            "otrp": vehicle["price"],
            "commission": None,
            "discount": None,
            "customer_terms": 0,
            "co2_emission": None,
        },
    }
    call = {"request": json.dumps(request, default=float).encode(), "status": None, "response": None, "problem": None}
    started = time.perf_counter()
    try:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "X-LBG-Request-Id": correlation,
            "Authorization": bearer(),
        }
        answer = HTTP.request("POST", URL, body=call["request"], headers=headers, redirect=False)
        call.update(status=answer.status, response=answer.data)
        call["took"] = round((time.perf_counter() - started) * 1000)
        call["price"] = price(answer.status, answer.data, contract)
    except Problem as problem:
        call["problem"] = problem
    except Exception as error:
        call["problem"] = Problem(503, "funder-unreachable", f"no answer: {error!r}")
    call.setdefault("took", round((time.perf_counter() - started) * 1000))
    return call


def price(status, response, contract):
    if status in (401, 403):
        held["renew_at"] = 0
    if status in (400, 422):
        raise Problem(422, "funder-rejected", "LEX does not accept this request.")
    if status == 429 or status >= 500:
        raise Problem(503, "funder-error", f"LEX answered {status}")

    def need(good, what):
        if not good:
            raise Problem(502, "funder-bad-response", f"LEX answered without a usable {what}")

    def money(name):
        need(is_money(quote.get(name)), name)
        return {"minor": int(quote[name] * 100), "currency": "GBP"}

    need(200 <= status <= 299, "status")
    try:
        quote = json.loads(response, parse_float=Decimal)
    except ValueError:
        need(False, "body")
    monthly, total, initial = (money(name) for name in ("monthly_rental", "total_rentals", "initial_payment"))
    balloon = money("balloon") if quote.get("balloon") is not None else None
    apr = quote.get("apr")
    need(is_text(quote.get("quote_id"), 1, 100), "quote_id")
    need(0 < monthly["minor"] <= total["minor"], "price")
    need(is_whole(quote.get("term"), 1, 1200) and (apr is None or is_number(apr) and apr >= 0), "term or apr")
    need(quote.get("currency") in (None, "GBP"), "currency")
    at_the_end = 0 if balloon is None or contract["quoteType"].endswith("CONTRACT_HIRE") else balloon["minor"]
    return {
        "monthly_payment": monthly,
        "total_amount": total,
        "total_amount_payable": {"minor": initial["minor"] + total["minor"] + at_the_end, "currency": "GBP"},
        "apr": None if apr is None else str(apr),
        "balloon_payment": balloon,
        "term": quote["term"],
        "external_quote_id": quote["quote_id"],
        "external_reference": quote.get("quote_reference"),
        "valid_until": quote.get("valid_until"),
    }
