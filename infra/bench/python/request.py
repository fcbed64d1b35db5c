"""What comes in: the caller's token and the quote request, checked; and the problem that answers what is wrong."""

import base64
import json
import os
import re
from decimal import Decimal

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PUBLIC_KEY = load_pem_public_key(os.environ["JWT_PUBLIC_KEY"].replace("\\n", "\n").encode())
ISSUER = os.environ["JWT_ISSUER"]
AUDIENCE = os.environ["JWT_AUDIENCE"]
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

# LEX's ids of the quote types it takes.
CONTRACT_TYPES = {
    "PERSONAL_CONTRACT_PURCHASE": 1,
    "HIRE_PURCHASE": 2,
    "PERSONAL_CONTRACT_HIRE": 3,
    "BUSINESS_CONTRACT_HIRE": 4,
    "FINANCE_LEASE": 5,
}


class Problem(Exception):
    def __init__(self, status, code, message, errors=()):
        super().__init__(message)
        self.status, self.code, self.message, self.errors = status, code, message, list(errors)


def authenticate(headers):
    """Whose bearer token it is."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise jwt.InvalidTokenError
        required = {"require": ["exp", "sub", "iss", "aud"]}
        claims = jwt.decode(
            token.strip(), PUBLIC_KEY, ["RS256"], required, audience=AUDIENCE, issuer=ISSUER, leeway=60
        )
    except jwt.InvalidTokenError:
        raise Problem(401, "unauthenticated", "A valid bearer token is needed.") from None
    roles = claims.get("roles", [])
    return {
        "subject": claims["sub"],
        "email": claims.get("email", "").lower() if claims.get("email_verified") else None,
        "staff": "staff" in roles or "admin" in roles,
    }


def is_text(value, least, most):
    return isinstance(value, str) and least <= len(value) <= most


def is_whole(value, least, most):
    return type(value) is int and least <= value <= most


def is_number(value):
    return type(value) in (int, Decimal)


def is_money(value):
    return is_number(value) and 0 <= value <= 100_000_000 and value * 100 == int(value * 100)


def is_email(value):
    return is_text(value, 3, 254) and EMAIL.fullmatch(value) is not None


def optional(check, value):
    return value is None or check(value)


def read(event):
    """The quote request in the event. Its amounts are decimals."""
    if not event["headers"].get("content-type", "").lower().startswith("application/json"):
        raise Problem(415, "unsupported-media", "The body must be JSON.")
    body = event.get("body") or ""
    try:
        ask = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body, parse_float=Decimal)
    except ValueError:
        raise Problem(400, "malformed", "The body is not JSON.") from None
    ask = ask if isinstance(ask, dict) else {}
    parts = [ask.get(name) for name in ("customerDetails", "vehicleDetails", "contractDetails")]
    customer, vehicle, contract = (part if isinstance(part, dict) else {} for part in parts)
    cap_id = vehicle.get("capId")
    checks = {
        "customerDetails.firstName": is_text(customer.get("firstName"), 1, 100),
        "customerDetails.lastName": is_text(customer.get("lastName"), 1, 100),
        "customerDetails.email": is_email(customer.get("email")),
        "vehicleDetails.make": is_text(vehicle.get("make"), 1, 100),
        "vehicleDetails.model": is_text(vehicle.get("model"), 1, 100),
        "vehicleDetails.year": is_whole(vehicle.get("year"), 1980, 2100),
        "vehicleDetails.price": is_money(vehicle.get("price")) and vehicle["price"] > 0,
        "vehicleDetails.capId": is_text(cap_id, 1, 9) and cap_id.isascii() and cap_id.isdigit(),
        "contractDetails.term": is_whole(contract.get("term"), 1, 120),
        "contractDetails.deposit": is_money(contract.get("deposit")),
        "contractDetails.annualMileage": is_whole(contract.get("annualMileage"), 1, 200_000),
        "contractDetails.quoteType": is_text(contract.get("quoteType"), 1, 40) and contract["quoteType"] in CONTRACT_TYPES,
        "contractDetails.balloonPayment": optional(is_money, contract.get("balloonPayment")),
        "contractDetails.apr": optional(is_number, contract.get("apr")),
        "funderName": ask.get("funderName") == "LEX",
        "environment": ask.get("environment") == "SANDBOX",
    }
    wrong = [{"field": field, "message": "is not valid"} for field, good in checks.items() if not good]
    if wrong:
        raise Problem(422, "invalid", "The request is not valid.", wrong)
    customer["email"] = customer["email"].lower()
    return ask
