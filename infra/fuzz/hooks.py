"""Gives well-formed cases values that exist, so that the run tests more than refusals. Malformed cases stay unchanged,
and the hooks hide no answer.

Later cases use values of earlier answers (ids, e-mail addresses, cursors). Each choice depends only on the case's own
values, so that a retried case is the same."""

import ast
import base64
import collections
import copy
import os
import re
import unicodedata
import zlib
from urllib.parse import quote

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

FUNDERS = ("LEX", "ALPHABET")
QUOTE_TYPES = ("PERSONAL_CONTRACT_PURCHASE", "HIRE_PURCHASE")
SIMULATORS = os.environ["TRUNKLINE_SIMULATORS"]
# The codes that the run's channel may use: see infra/xtask/src/fuzz.rs.
CODES = {"dealer": (730, 808, 976), "brandCode": (4, 10), "agreementCode": (3600, 3700)}
ROLES = ("case.write", "case.read", "message.read", "message.write", "document.write", "admin")
# The run's own channel and the sample channels, whose permissions and keys must not change.
UNTOUCHED = ("fuzz", "vwfs-dk-example-public", "vwfs-dk-message-example", "vwfs-dk-integrationportal-admin-example")
MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png")
CURRENCIES = ("GBP", "EUR", "DKK", "JPY")
MMOB_TOKEN = "test-mmob-webhook-token"
# Maximum number of orders that the simulated marketplace places.
MOST_ORDERS = 100

seen = collections.defaultdict(list)

# CPython 3.11 may miscount its recursion when another thread parses at the same time (gh-106905), and hypothesis parses on
# each worker.
parse = ast.parse


def parse_again(*arguments, **options):
    for _ in range(10):
        try:
            return parse(*arguments, **options)
        except SystemError:
            continue
    return parse(*arguments, **options)


ast.parse = parse_again


def keep(kind, value):
    if value is not None and value not in seen[kind]:
        seen[kind] = [*seen[kind][-199:], value]


def positive(case, location):
    component = case.meta.components.get(location) if case.meta else None
    return component is not None and component.mode.is_positive


def well_formed(case):
    """Whether the case's body is well formed."""
    return isinstance(case.body, dict) and positive(case, ParameterLocation.BODY)


def number(value):
    return zlib.crc32(repr(value).encode())


def known(kind, value, share=2, beside=None):
    """Replaces all but one in `share` values with a known one. `beside` makes equal values of different cases differ."""
    found, chosen = seen[kind], number((value, beside) if beside else value)
    return found[chosen // share % len(found)] if found and chosen % share else value


def plain(value):
    """Without control and format characters. Schemas do not say it of every text that must have none."""
    match value:
        case str():
            return "".join(c for c in value if unicodedata.category(c) not in ("Cc", "Cf"))
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
    return value


def steer_person(person, chosen):
    """Three in four persons have plain texts and an age."""
    if chosen // 32 % 4:
        person.update((name, plain(value)) for name, value in list(person.items()) if name != "email")
        if person.get("dateOfBirth"):
            person["dateOfBirth"] = f"{1930 + chosen % 75}-06-20"


def steer_quote(body, query):
    chosen = number(body)
    # One in eight stays a dry run.
    if chosen % 8 and "dryRun" in query:
        query["dryRun"] = "false"
    body["environment"] = "SANDBOX"
    body["funderName"] = FUNDERS[chosen % 2]
    steer_person(body["customerDetails"], chosen)
    if chosen // 32 % 4:
        body["vehicleDetails"] = plain(body["vehicleDetails"])
        if "source" in body:
            body["source"] = plain(body["source"])
    body["vehicleDetails"]["capId"] = str(1 + chosen % 800_000)
    # Price, term and mileage within the funders' limits, except for one in four.
    if chosen // 8 % 4:
        body["vehicleDetails"]["price"] = 12_000 + chosen % 40_000
        body["contractDetails"].update(term=12 + chosen % 48, annualMileage=5_000 + chosen % 20_000, deposit=chosen % 2_000)
    # ALPHABET supports fewer quote types than LEX.
    if chosen % 2 and body["contractDetails"]["quoteType"] not in QUOTE_TYPES:
        body["contractDetails"]["quoteType"] = QUOTE_TYPES[chosen // 2 % 2]


def steer_subscription(body):
    # To the simulators, because the hub must call no other host, and of rare events.
    chosen = number(body)
    body["url"] = f"{SIMULATORS}/fuzz/{chosen}"
    body["eventTypes"] = ["quote.failed" if chosen % 16 == 0 else "quote.expired"]


def steer_case(body):
    """Seven in eight cases are for the channel's dealers, brands and agreements."""
    chosen = number(body)
    for name in ("customer", "caseObject"):
        if name in body:
            body[name] = plain(body[name])
    if chosen % 8:
        for name, codes in CODES.items():
            if body.get(name) is not None:
                body[name] = codes[chosen // 8 % len(codes)]


def readable(value):
    """The schema of a time has no room for .NET's limits: no offset over 14 hours and no year 0."""
    if not isinstance(value, str):
        return value
    value = re.sub(r"([+-])(1[4-9]|2\d)(:\d\d)$", r"\g<1>01\g<3>", value)
    return re.sub(r"^0000", "2026", value)


def steer_message(body):
    case, chosen = body["case"], number(body)
    if "startDate" in case:
        case["startDate"] = readable(case["startDate"])
    # Few cases, so that each has many messages.
    case["preViewCaseId"] = known("sequence", 1 + chosen % 50)
    if chosen % 4:
        case["dealerNumber"] = CODES["dealer"][chosen // 4 % 3]


def steer_channel(body, path):
    """The body names the channel in the path. The schema does not contain the rules of names and roles."""
    chosen = number(body)
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", path.get("channelName", "")):
        path["channelName"] = f"made-{chosen % 500}"
    body["channelName"] = path["channelName"]
    body["roles"] = [role for place, role in enumerate(ROLES) if chosen >> place & 1]


def steer_form(body):
    """One of the two fields with a PDF, except for one in eight."""
    chosen = number(body)
    if chosen % 8:
        pdf = b"%%PDF-1.4\n%d\n%%%%EOF\n" % chosen
        for field in ("file", "fileBase64"):
            body.pop(field, None)
        if chosen // 8 % 2:
            body["file"] = pdf
        else:
            body["fileBase64"] = base64.b64encode(pdf).decode()


def steer_announced(body):
    chosen = number(body)
    if chosen % 8:
        body["contentType"] = MEDIA_TYPES[chosen // 8 % 3]
        body["size"] = 1 + chosen % (20 * 1024 * 1024)


def steer_product(body):
    """Providers are simulated, because the hub must call no other host."""
    chosen = number(body)
    body["fulfilment"] = (
        {"kind": "manual"},
        {"kind": "auto", "requiredInputs": ["last_name"][: chosen // 4 % 2]},
        {"kind": "callback", "url": f"{SIMULATORS}/_provider/fuzz-{chosen}"},
    )[chosen % 3]


def steer_price(body):
    chosen = number(body)
    if chosen % 8:
        body["currency"] = CURRENCIES[chosen // 8 % len(CURRENCIES)]


def steer_resolution(body):
    """A status with the members that it needs, except for one in eight."""
    chosen = number(body)
    if chosen % 8:
        for member in ("error", "output", "requiredFields"):
            body.pop(member, None)
        body.update(
            (
                {"status": "Succesful", "output": {"key": "Value"}},
                {"status": "Failed", "error": "PBX Over capacity"},
                {"status": "Need_more_info", "requiredFields": ["last_name"]},
            )[chosen // 8 % 3]
        )


def steer_order(body):
    """An order of the marketplace, sometimes with another input, except for one in four."""
    chosen, orders = number(body), seen["posted"]
    if orders and chosen % 4:
        body.clear()
        body.update(orders[chosen // 4 % len(orders)], input={"last_name": "Other"} if chosen % 4 == 1 else {})


def steer_body(case):
    body, path = case.body, case.path_parameters or {}
    match case.operation.label:
        case "POST /api/integration/quotes/generate":
            steer_quote(body, case.query or {})
        case "POST /api/integration/subscriptions":
            steer_subscription(body)
        case "POST /api/integration/proposals/generate":
            body["quoteId"] = known("priced", body["quoteId"])
            steer_person(body.get("additionalCustomerDetails", {}), number(body))
        case "POST /v1/bqs-case/case" | "PUT /v1/bqs-case/case/{sequence}":
            steer_case(body)
        case "POST /v1/bqs-case/message/case":
            steer_message(body)
        case "POST /v1/bqs-case/management" | "PUT /v1/bqs-case/management/{channelName}":
            steer_channel(body, path)
        case "POST /v1/bqs-case/document/{sequence}":
            steer_form(body)
        case "POST /v1/bqs-case/document/{sequence}/upload":
            steer_announced(body)
        case "POST /api/mmob/products":
            steer_product(body)
        case "POST /api/mmob/products/{prodId}/pricing":
            steer_price(body)
        case "POST /api/mmob/orders/{orderId}":
            steer_resolution(body)
        case "POST /webhooks/mmob/{token}":
            steer_order(body)


PATHS = {
    "quoteId": "quote",
    "proposalId": "proposal",
    "subscriptionId": "subscription",
    "deliveryId": "delivery",
    "email": "email",
    "capId": "capId",
    "asset": "asset",
    "sequence": "sequence",
    "channelName": "channel",
    "prodId": "product",
    "orderId": "order",
    "token": "token",
}
seen["asset"] = ["docs.js", "swagger-ui-5.35.0.js", "swagger-ui-5.35.0.css"]
seen["token"] = [MMOB_TOKEN]
QUERIES = {"pre_view_case_id": "messaged", "from_date": "received"}


def path_parameter(name, value, beside):
    """A known value for a path parameter."""
    if name in PATHS:
        return known(PATHS[name], value, 4, beside)
    if name in ("funderName", "funder"):
        funder = FUNDERS[number(value) % 2]
        return funder if name == "funderName" else funder.lower()
    return value


@schemathesis.hook
def filter_case(context, case):
    """Drops cases with an unknown header: HTTP servers ignore it, so it does not make a request invalid."""
    return "x-schemathesis-unknown-property" not in (case.headers or {})


@schemathesis.hook
def map_case(context, case):
    label = case.operation.label
    # A stateful case has the ids of earlier answers already.
    stateless = case.meta is None or case.meta.phase.name != "stateful"
    if case.path_parameters and stateless and positive(case, ParameterLocation.PATH):
        beside = (label, case.body, case.query)
        parameters = {name: path_parameter(name, value, beside) for name, value in case.path_parameters.items()}
        # schemathesis validates a new dictionary again, and then counts an escaped `@` as no e-mail address.
        if parameters != case.path_parameters:
            case.path_parameters = parameters
    if case.query and positive(case, ParameterLocation.QUERY):
        for name, value in case.query.items():
            if name == "cursor":
                case.query[name] = known(f"cursor {label}", value)
            elif name in QUERIES:
                case.query[name] = known(QUERIES[name], readable(value))
    if case.headers and positive(case, ParameterLocation.HEADER):
        if "Idempotency-Key" in case.headers:
            # A unique key: the hub refuses two bodies under one key, and its own tests cover that.
            case.headers["Idempotency-Key"] = f"fuzz-{number((label, case.body, case.query)):x}-{case.id}"
        if "If-Match" in case.headers:
            case.headers["If-Match"] = known("etag", case.headers["If-Match"])
    if well_formed(case):
        case.body = copy.deepcopy(case.body)
        steer_body(case)
    return case


@schemathesis.hook
def before_call(context, case, kwargs):
    """Protects the untouched channels, from whichever source the case got its channel name."""
    if case.path_parameters and case.path_parameters.get("channelName") in UNTOUCHED:
        case.path_parameters["channelName"] = "made-0"


def place_orders(product, price, base_url):
    """Makes the simulated marketplace place orders of a product and post them to the hub."""
    if len(seen["order"]) >= MOST_ORDERS:
        return
    request = {"product": product, "price": price, "user": "tus_fuzz", "count": 2}
    request["url"] = f"{base_url}/webhooks/mmob/{MMOB_TOKEN}"
    placed = requests.post(f"{SIMULATORS}/_control/mmob/orders", json=request, timeout=10).json()
    for order in placed["orders"]:
        keep("order", order)
        keep("posted", {"id": order, "prod_id": product, "pricing_id": price, "tpp_user_id": "tus_fuzz"})


def set_provider_up(case, secret):
    name = case.body["fulfilment"]["url"].rpartition("/")[2]
    requests.put(f"{SIMULATORS}/_control/providers/{name}", json={"secret": secret}, timeout=10)


def learn_quote(case, data):
    keep("quote", data["id"])
    if data["status"] == "GENERATED":
        keep("priced", data["id"])
    if well_formed(case):
        email = case.body["customerDetails"]["email"]
        # Only an address that a path needs not escape: an escaped one no longer fits its schema.
        if quote(email, safe="@") == email:
            keep("email", email)
        keep("capId", case.body["vehicleDetails"]["capId"])


def learn(case, body, response):
    data = body.get("data")
    data = data if isinstance(data, dict) else {}
    match case.operation.label:
        case "POST /api/integration/quotes/generate" if "id" in data:
            learn_quote(case, data)
        case "POST /api/integration/proposals/generate":
            keep("proposal", data.get("proposalId"))
        case "POST /api/integration/subscriptions":
            keep("subscription", data.get("id"))
        case "POST /v1/bqs-case/case":
            keep("sequence", body.get("sequence"))
        case "POST /v1/bqs-case/management":
            keep("channel", body.get("channelName"))
        case "GET /v1/bqs-case/message/case":
            keep("received", body.get("latestReceivedDate"))
        case "POST /api/mmob/products":
            keep("product", data.get("id"))
            if "secret" in data and well_formed(case):
                set_provider_up(case, data["secret"])
        case "POST /api/mmob/products/{prodId}/pricing" if "id" in data:
            base_url = response.request.url.partition("/api/mmob/")[0]
            place_orders(data["prodId"], data["id"], base_url)


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code >= 300:
        return
    for etag in response.headers.get("etag", []):
        keep("etag", etag)
    if case.operation.label == "POST /v1/bqs-case/message/case" and well_formed(case):
        keep("messaged", case.body["case"]["preViewCaseId"])
    if not response.content or "json" not in response.headers.get("content-type", [""])[0]:
        return
    body = response.json()
    if not isinstance(body, dict):
        return
    keep(f"cursor {case.operation.label}", body.get("nextCursor"))
    if case.operation.label == "GET /api/integration/deliveries":
        for delivery in body.get("data", []):
            keep("delivery", delivery.get("id"))
    learn(case, body, response)
