"""Makes a quote with the generated client, and reads it by its types.

python call.py CLIENT BASE_URL REQUEST, with a customer's token in TRUNKLINE_TOKEN. CLIENT is the client's folder.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

client, base_url, request = sys.argv[1:]
sys.path.insert(0, client)
from openapi_client import ApiClient, Configuration, QuotesApi, QuoteRequest, QuoteStatus, QuoteView  # noqa: E402

configuration = Configuration(host=base_url, access_token=os.environ["TRUNKLINE_TOKEN"])
with ApiClient(configuration) as connection:
    quotes = QuotesApi(connection)
    quote_request = QuoteRequest.from_json(Path(request).read_text(encoding="utf-8"))
    quote = quotes.funders_quote_generate(quote_request).data
    read = quotes.funders_quote_get(quote.id).data

assert type(quote) is type(read) is QuoteView, (type(quote), type(read))
assert quote.status is QuoteStatus.GENERATED, quote.status
assert quote.funder_name == quote_request.funder_name, quote.funder_name
assert isinstance(quote.monthly_payment, (int, float)), quote.monthly_payment
assert isinstance(quote.created_at, datetime), quote.created_at
# The response to the request has nothing about the customer: it can be stored under an idempotency key.
assert quote.customer_details is None, quote.customer_details
assert read.customer_details.email == quote_request.customer_details.email, read.customer_details
assert (read.id, read.monthly_payment, read.created_at) == (quote.id, quote.monthly_payment, quote.created_at), (read, quote)
print(f"    {quote.funder_name}: {quote.monthly_payment} a month for {quote.term} months")
