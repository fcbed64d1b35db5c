"""Starts MiniStack, the embedded AWS emulator, with the gaps closed that Trunkline's template would fall into.

No package file is edited: a patch replaces a private name in memory and says why. Private names move, so this runs
with one version only and refuses any other. `launcher.py --check`, a part of `cargo xtask test`, names what moved.
"""

import argparse
import asyncio
import importlib
import inspect
import json
import os
import sys
from importlib.metadata import version

WRITTEN_FOR = "1.5.33"

# Everything below that is not public, with what this file supposes about it: parameter names, or None for "exists".
PRIVATE = {
    "ministack.app:main": [],
    "ministack.core.lambda_runtime:Worker._drain_stderr_bounded": ["self", "first_line_wait", "idle_confirm", "hard_cap"],
    "ministack.services.apigateway:_apis": None,
    "ministack.services.apigateway:_routes": None,
    "ministack.services.apigateway:_integrations": None,
    "ministack.services.apigateway:_invoke_lambda_proxy": [
        "integration", "api_id", "stage", "path", "method", "headers", "body", "query_params",
    ],
    "ministack.services.apigateway:_v2_request_body_is_text": ["content_type"],
    "ministack.services.cloudformation.provisioners:_RESOURCE_HANDLERS": None,
    "ministack.services.cloudformation.provisioners:_cw_metric_alarm_record": ["name", "props"],
    "ministack.services.cloudformation.provisioners:_apigw_v2_integration_create": ["logical_id", "props", "stack_name"],
    "ministack.services.cloudformation.provisioners:_apigw_v2_route_create": ["logical_id", "props", "stack_name"],
    "ministack.services.dynamodb:_update_ttl": ["data"],
    "ministack.services.dynamodb:_update_continuous_backups": ["data"],
    "ministack.services.lambda_svc:_functions": None,
}

LAMBDA_EVENT_LIMIT = 6 * 1024 * 1024
GATEWAY_BODY_LIMIT = 10 * 1024 * 1024
GATEWAY_TIMEOUT_MS = 30_000


def moved():
    """What no longer is as this file supposes, one line each."""
    if version("ministack") != WRITTEN_FOR:
        yield f"ministack is {version('ministack')}, the patches are written for {WRITTEN_FOR}"
    for name, parameters in PRIVATE.items():
        module, _, path = name.partition(":")
        try:
            found = importlib.import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as missing:
            yield f"{name}: {missing}"
            continue
        if parameters is not None:
            actual = list(inspect.signature(found).parameters)[: len(parameters)]
            if actual != parameters:
                yield f"{name} takes {actual}, not {parameters}"
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    for kind in ("AWS::ApiGatewayV2::Api", "AWS::DynamoDB::Table", "AWS::Lambda::Function"):
        if not {"create", "update"} <= set(_RESOURCE_HANDLERS.get(kind, {})):
            yield f"{kind} has no create and update handler"


def speed_up_invocations():
    """A warm call takes 5 to 10 ms instead of 100."""
    import socketserver

    from ministack.core.lambda_runtime import Worker

    # The Runtime API writes head and body apart; with Nagle's algorithm the second waits 40 ms for an acknowledgement.
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    # After each call it waited 50 ms for a first log line. Lines are in the pipe before the answer is, so 5 ms do.
    Worker._drain_stderr_bounded.__defaults__ = (0.005, 0.002, 0.25)


def after_provisioning(kind, complete):
    """Runs `complete(physical_id, properties)` after CloudFormation made or changed a resource of this kind."""
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    handlers = _RESOURCE_HANDLERS[kind]
    create, update = handlers["create"], handlers["update"]

    def created(logical_id, properties, stack_name):
        made = create(logical_id, properties, stack_name)
        complete(made[0], properties)
        return made

    def updated(physical_id, old, new, *rest):
        made = update(physical_id, old, new, *rest)
        complete(made[0], new)
        return made

    handlers["create"], handlers["update"] = created, updated


def import_openapi_body(api_id, properties):
    """SAM puts routes, integrations and CORS of an HTTP API into its `Body`, which the emulator stores and ignores."""
    import ministack.services.apigateway as gateway
    import ministack.services.cloudformation.provisioners as cloudformation

    body = properties.get("Body") or {}
    gateway._routes[api_id], gateway._integrations[api_id] = {}, {}
    for path, operations in body.get("paths", {}).items():
        for method, operation in operations.items():
            wanted = operation.get("x-amazon-apigateway-integration")
            if not wanted:
                continue
            integration = {
                "ApiId": api_id,
                "IntegrationUri": wanted["uri"],
                "PayloadFormatVersion": wanted.get("payloadFormatVersion", "2.0"),
                "TimeoutInMillis": wanted.get("timeoutInMillis", GATEWAY_TIMEOUT_MS),
            }
            integration_id, _ = cloudformation._apigw_v2_integration_create("", integration, "")
            verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            key = "$default" if path.strip("/") == "$default" else f"{verb} {path}"
            route = {"ApiId": api_id, "RouteKey": key, "Target": f"integrations/{integration_id}"}
            cloudformation._apigw_v2_route_create("", route, "")
    cors = body.get("x-amazon-apigateway-cors")
    if cors:
        origins = cors.get("allowOrigins", [])
        # A comma-delimited list that is a parameter gets here as the one string it was given as.
        origins = [each.strip() for each in origins.split(",")] if isinstance(origins, str) else origins
        gateway._apis[api_id]["corsConfiguration"] = {**cors, "allowOrigins": origins}


def accept_metric_math():
    """An alarm over several metrics is refused. Here it stands under the first of them and never goes off."""
    import ministack.services.cloudformation.provisioners as cloudformation

    record = cloudformation._cw_metric_alarm_record

    def simplified(name, properties):
        first = next((each["MetricStat"] for each in properties.get("Metrics") or [] if "MetricStat" in each), None)
        if first is None:
            return record(name, properties)
        plain = {key: value for key, value in properties.items() if key != "Metrics"}
        return record(name, {**plain, **first["Metric"], "Statistic": "Sum", "Period": first["Period"]})

    cloudformation._cw_metric_alarm_record = simplified


def apply_table_settings(name, properties):
    """Time to live and point-in-time recovery are accepted in a template and then forgotten."""
    import ministack.services.dynamodb as dynamodb

    def enabled(value):
        return str(value).lower() == "true"

    ttl = properties.get("TimeToLiveSpecification")
    if ttl:
        wanted = {"AttributeName": ttl["AttributeName"], "Enabled": enabled(ttl["Enabled"])}
        dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": wanted})
    recovery = properties.get("PointInTimeRecoverySpecification")
    if recovery:
        wanted = {"PointInTimeRecoveryEnabled": enabled(recovery["PointInTimeRecoveryEnabled"])}
        dynamodb._update_continuous_backups({"TableName": name, "PointInTimeRecoverySpecification": wanted})


def require_code(name, properties):
    """A function whose package is missing would answer 200 "Mock response": a broken deployment must fail instead."""
    import ministack.services.lambda_svc as functions

    if not functions._functions[name].get("code_zip"):
        raise ValueError(f"no package at {properties.get('Code')}")


def answer_as_the_gateway_does():
    """The emulator lets any size and duration pass, and shows callers a function's stack trace with a 502."""
    import ministack.services.apigateway as gateway

    invoke = gateway._invoke_lambda_proxy

    def refusal(status, message):
        return status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()

    async def limited(integration, api_id, stage, path, method, headers, body, *rest, **named):
        size = len(body or b"")
        # What is not text travels to the function as base64, four characters for three bytes.
        in_event = size if gateway._v2_request_body_is_text(headers.get("content-type")) else size * 4 // 3
        if size > GATEWAY_BODY_LIMIT or in_event > LAMBDA_EVENT_LIMIT:
            return refusal(413, "Request Entity Too Large")
        call = asyncio.ensure_future(invoke(integration, api_id, stage, path, method, headers, body, *rest, **named))
        limit = min(int(integration.get("timeoutInMillis") or GATEWAY_TIMEOUT_MS), GATEWAY_TIMEOUT_MS)
        done, _ = await asyncio.wait({call}, timeout=limit / 1000)
        if not done:
            return refusal(503, "Service Unavailable")
        try:
            status, answer_headers, answer = call.result()
        except Exception as failure:
            print(f"launcher: {method} {path} failed in the gateway: {failure!r}", file=sys.stderr, flush=True)
            return refusal(500, "Internal Server Error")
        if status == 429 and b'"TooManyRequestsException"' in answer:
            return refusal(503, "Service Unavailable")
        if (status == 502 and b'"errorType"' in answer) or len(answer) > LAMBDA_EVENT_LIMIT:
            return refusal(500, "Internal Server Error")
        return status, answer_headers, answer

    gateway._invoke_lambda_proxy = limited


def main():
    arguments = argparse.ArgumentParser(description="Starts the embedded AWS emulator.")
    arguments.add_argument("--check", action="store_true", help="only say whether the patches still fit the package")
    arguments.add_argument("--port", type=int, default=4666)
    arguments.add_argument("--region", default="eu-west-2")
    asked = arguments.parse_args()

    # Read at import, so set before it. Every function's process inherits this environment.
    os.environ.update({
        "GATEWAY_PORT": str(asked.port),
        "BIND_HOST": "127.0.0.1",
        # Where functions find AWS. Without it their SDK would call the real one.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{asked.port}",
        "AWS_DEFAULT_REGION": asked.region,
        "MINISTACK_REGION": asked.region,
        # Every function then has the rights of its own role and no others, as on AWS.
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
    })
    problems = list(moved())
    for problem in problems:
        print(f"launcher: {problem}", file=sys.stderr)
    if problems:
        return 1
    if asked.check:
        print(f"launcher: {len(PRIVATE)} private names of ministack {WRITTEN_FOR} are where the patches expect them")
        return 0

    speed_up_invocations()
    accept_metric_math()
    after_provisioning("AWS::ApiGatewayV2::Api", import_openapi_body)
    after_provisioning("AWS::DynamoDB::Table", apply_table_settings)
    after_provisioning("AWS::Lambda::Function", require_code)
    answer_as_the_gateway_does()

    from ministack.app import main as serve

    # Its own argument parser reads what is left.
    del sys.argv[1:]
    serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
