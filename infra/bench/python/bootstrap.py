"""A minimal custom runtime: what the managed Python runtime does, over one kept-alive connection."""

import http.client
import json
import os
import traceback

from quote import handler

RUNTIME = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    headers = {} if body is None else {"Content-Type": "application/json"}
    RUNTIME.request(method, f"/2018-06-01/runtime/invocation/{path}", body, headers)
    response = RUNTIME.getresponse()
    return response.headers, response.read()


def main():
    while True:
        headers, event = call("GET", "next")
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            answer = handler(json.loads(event), None)
            call("POST", f"{request_id}/response", json.dumps(answer).encode())
        except Exception as error:
            traceback.print_exc()
            said = {"errorType": type(error).__name__, "errorMessage": str(error)}
            call("POST", f"{request_id}/error", json.dumps(said).encode())


if __name__ == "__main__":
    main()
