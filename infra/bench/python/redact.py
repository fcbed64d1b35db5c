"""What may be seen of a document in a log: the members allowed, and of the rest only length and a keyed hash."""

import hashlib
import hmac
import json
import os
import re

KEY = os.environ["REDACTION_KEY"].encode()
LOGGABLE = set(
    """cap_id model_year contract_type_id plan term mileage relief_vehicle customer_initial_payment estimated_sales_value
    cust_reference off_invoice_support otrp commission discount customer_terms co2_emission quote_id quote_reference status
    initial_payment monthly_rental total_rentals apr balloon valid_until code""".split()
)
NAME = re.compile(r"[a-z_]{0,40}")
PLAIN = re.compile(r"[\w.:+-]{0,64}", re.ASCII)


def hashed(text):
    return hmac.digest(KEY, text.encode(), hashlib.sha256).hex()[:12]


def _text(text):
    return f"[REDACTED len={len(text.encode())} hmac={hashed(text)}]"


def _name(name):
    return name if name in LOGGABLE or NAME.fullmatch(name) else _text(name)


def _value(value, member=None):
    if value is None:
        return None
    if isinstance(value, dict):
        return {_name(name): _value(one, name) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_value(one, member) for one in value]
    if member in LOGGABLE and PLAIN.fullmatch(str(value)):
        return value
    return _text(json.dumps(value, ensure_ascii=False))


def document(body):
    """The document with every value redacted whose member is not allowed; what is not JSON is redacted whole."""
    try:
        return json.dumps(_value(json.loads(body)), separators=(",", ":"))
    except ValueError:
        return _text(body.decode(errors="replace"))
