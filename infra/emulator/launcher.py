"""Starts MiniStack, the embedded AWS emulator, with patches for the features that Trunkline's template needs.

The patches replace private names in memory and edit no file of the package. Private names change between versions, so
the launcher refuses every version but one. `launcher.py --check`, a part of `cargo xtask test`, lists the names that
have changed.
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

# Every private name that this file uses, with its expected parameters. None means that the name only has to exist.
PRIVATE = {
    "ministack.app:main": [],
    "ministack.core.lambda_runtime:ProvidedWorker._build_handler_class": ["self", "generation", "pending"],
    "ministack.core.lambda_runtime:Worker._drain_stderr_bounded": ["self", "first_line_wait", "idle_confirm", "hard_cap"],
    "ministack.services.apigateway:_apis": None,
    "ministack.services.apigateway:_routes": None,
    "ministack.services.apigateway:_integrations": None,
    "ministack.services.apigateway:_cors_preflight_response": ["cors_cfg", "origin"],
    "ministack.services.apigateway:_handle_execute_in_scope": [
        "api_id", "stage", "path", "method", "headers", "body", "query_params", "owner_account_id", "owner_region",
        "raw_query_string",
    ],
    "ministack.services.apigateway:_invoke_lambda_proxy": [
        "integration", "api_id", "stage", "path", "method", "headers", "body", "query_params",
    ],
    "ministack.services.apigateway:_match_route": ["api_id", "method", "path"],
    "ministack.services.apigateway:_v2_request_body_is_text": ["content_type"],
    "ministack.services.cloudformation.changesets:_apply_transforms": ["template", "provided_params", "previous_params"],
    "ministack.services.cloudformation.engine:_transform_parameters": ["template", "provided_params", "previous_params"],
    "ministack.services.cloudformation.handlers:_apply_transforms": ["template", "provided_params", "previous_params"],
    "ministack.services.cloudformation.provisioners:_RESOURCE_HANDLERS": None,
    "ministack.services.cloudformation.provisioners:_cw_metric_alarm_record": ["name", "props"],
    "ministack.services.cloudformation.provisioners:_apigw_v2_integration_create": ["logical_id", "props", "stack_name"],
    "ministack.services.cloudformation.provisioners:_apigw_v2_route_create": ["logical_id", "props", "stack_name"],
    "ministack.services.dynamodb:_tables": None,
    "ministack.services.dynamodb:_update_ttl": ["data"],
    "ministack.services.dynamodb:_update_continuous_backups": ["data"],
    "ministack.services.lambda_svc:_functions": None,
    "ministack.services.secretsmanager:_secrets": None,
    "ministack.services.sqs:_queues": None,
}

LAMBDA_EVENT_LIMIT = 6 * 1024 * 1024
GATEWAY_BODY_LIMIT = 10 * 1024 * 1024
GATEWAY_TIMEOUT_MS = 30_000


def changed_names():
    """Yields one line for each difference between the package and the patches' expectations."""
    if version("ministack") != WRITTEN_FOR:
        yield f"ministack is {version('ministack')}, the patches are for {WRITTEN_FOR}"
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

    for kind in (
        "AWS::ApiGatewayV2::Api", "AWS::DynamoDB::Table", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function",
        "AWS::SecretsManager::Secret", "AWS::SQS::QueuePolicy",
    ):
        if not {"create", "update", "delete"} <= set(_RESOURCE_HANDLERS.get(kind, {})):
            yield f"{kind} has no create, update or delete handler"


def speed_up_invocations():
    """Reduces a warm call from 100 ms to 5 to 10 ms."""
    import socketserver

    from ministack.core.lambda_runtime import Worker

    # The Runtime API writes head and body separately. With Nagle's algorithm the body waits 40 ms for an acknowledgement.
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    # The default waits 50 ms after each call for a first log line. The lines are in the pipe before the answer is, so 5 ms
    # are enough.
    Worker._drain_stderr_bounded.__defaults__ = (0.005, 0.002, 0.25)


def let_idle_instances_sleep():
    """Reduces the wake-ups of an idle instance from 20 a second to one in 5 seconds. With hundreds of instances so many
    threads waited for Python's lock that the emulator stood still for up to 145 s."""
    import socket
    import socketserver

    from ministack.core.lambda_runtime import ProvidedWorker

    build = ProvidedWorker._build_handler_class

    def waiting_longer(worker, generation, pending):
        get = pending.get
        pending.get = lambda timeout: get(timeout=5)
        return build(worker, generation, pending)

    ProvidedWorker._build_handler_class = waiting_longer
    serve = socketserver.BaseServer.serve_forever

    def shut_down(server):
        # The connection ends the wait, which has no timeout.
        server._BaseServer__shutdown_request = True
        socket.create_connection(server.server_address).close()
        server._BaseServer__is_shut_down.wait()

    socketserver.ThreadingTCPServer.serve_forever = lambda server, poll_interval: serve(server, None)
    socketserver.ThreadingTCPServer.shutdown = shut_down


def after_provisioning(kind, complete):
    """Runs `complete(physical_id, properties)` after CloudFormation has created or updated a resource of this kind."""
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
    """Reads routes, integrations and CORS from an HTTP API's `Body`, where SAM puts them. The emulator ignores `Body`."""
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
        gateway._apis[api_id]["corsConfiguration"] = cors


def give_parameters_to_sam():
    """Gives SAM's translator the parameters of a deployment. The emulator gives it none, and where SAM writes values into its
    output, as in CORS, those would be the template's defaults."""
    from ministack.services.cloudformation import changesets, engine, handlers

    apply = engine._apply_transforms

    def applied(template, provided_params=None, previous_params=None):
        values = engine._transform_parameters(template, provided_params, previous_params)
        declared = template.get("Parameters") or {}
        given = {name: {**parameter, "Default": values[name]} for name, parameter in declared.items() if name in values}
        with_values = {**template, "Parameters": {**declared, **given}} if given else template
        transformed = apply(with_values, provided_params, previous_params)
        if given and "Parameters" in transformed:
            transformed["Parameters"] = declared
        return transformed

    changesets._apply_transforms = handlers._apply_transforms = applied


def accept_metric_math():
    """Accepts an alarm over several metrics, which the emulator refuses. It is stored with the first metric and never
    fires."""
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
    """Applies a table's time to live and point-in-time recovery. The emulator accepts them in a template and ignores
    them."""
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
    """Fails the deployment of a function without a package, which the emulator would answer with 200 "Mock response"."""
    import ministack.services.lambda_svc as functions

    if not functions._functions[name].get("code_zip"):
        raise ValueError(f"no package at {properties.get('Code')}")


def require_a_policy_per_queue(_, properties):
    """Fails the deployment of a queue policy with a statement over anything but its one queue. SQS refuses it with this
    message, and the emulator stores every policy unread."""
    import ministack.services.sqs as sqs

    for queue in properties["Queues"]:
        own = sqs._queues[queue]["attributes"]["QueueArn"]
        statements = properties["PolicyDocument"]["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            named = statement.get("Resource", own)
            if named not in (own, [own], "*", ["*"]):
                raise ValueError(f"Invalid value for the parameter Policy. (it names {named} and is the policy of {own})")


def read_concurrency_as_a_number():
    """Reads the concurrency of an event source as a number. The emulator keeps the text of a parameter, and cannot compare it."""
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    handlers = _RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create, update = handlers["create"], handlers["update"]

    def counted(properties):
        scaling = properties.get("ScalingConfig") or {}
        if "MaximumConcurrency" not in scaling:
            return properties
        return {**properties, "ScalingConfig": {**scaling, "MaximumConcurrency": int(scaling["MaximumConcurrency"])}}

    handlers["create"] = lambda logical_id, properties, stack_name: create(logical_id, counted(properties), stack_name)
    handlers["update"] = lambda physical_id, old, new, *rest: update(physical_id, old, counted(new), *rest)


def refuse_taken_secret_names():
    """Fails the creation of a secret whose name is taken. The emulator overwrites the secret, which hides that a stage cannot be
    made again while its retained secrets exist."""
    import ministack.services.secretsmanager as secrets
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    handlers = _RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create = handlers["create"]

    def created(logical_id, properties, stack_name):
        name = properties.get("Name")
        if name in secrets._secrets:
            raise ValueError(f"The operation failed because the secret {name} already exists.")
        return create(logical_id, properties, stack_name)

    handlers["create"] = created


def keep_protected_tables():
    """Fails the deletion of a table with deletion protection by CloudFormation. The emulator protects it only from DeleteTable."""
    import ministack.services.dynamodb as dynamodb
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

    handlers = _RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    delete = handlers["delete"]

    def deleted(name, properties):
        if str(dynamodb._tables.get(name, {}).get("DeletionProtectionEnabled")).lower() == "true":
            raise ValueError(f"Resource cannot be deleted as it is currently protected against deletion: {name}")
        return delete(name, properties)

    handlers["delete"] = deleted


def answer_as_the_gateway_does():
    """Applies API Gateway's limits of size and time, and hides errors of functions from callers. The emulator has no such
    limits and shows a function's stack trace with a 502."""
    import ministack.services.apigateway as gateway

    invoke = gateway._invoke_lambda_proxy

    def refusal(status, message):
        return status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()

    async def limited(integration, api_id, stage, path, method, headers, body, *rest, **named):
        size = len(body or b"")
        # A binary body reaches the function as base64, four characters for three bytes.
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


def hand_preflights_to_routes():
    """Hands OPTIONS to a route that takes it, such as `$default`, and adds the API's CORS headers to the answer. The emulator
    answers every OPTIONS itself. API Gateway does so only if no route takes the request, so that a function which refuses
    OPTIONS shuts browsers out."""
    import ministack.services.apigateway as gateway

    handle = gateway._handle_execute_in_scope

    async def handed(api_id, stage, path, method, headers, body, query_params, account, region, raw_query_string=None):
        arguments = (api_id, stage, path, method, headers, body, query_params)
        route = gateway._match_route(api_id, method, "/" + path.lstrip("/")) if method == "OPTIONS" else None
        if not route:
            return await handle(*arguments, account, region, raw_query_string)
        integration = gateway._integrations[api_id][route["target"].rsplit("/", 1)[-1]]
        lower = {name.lower(): value for name, value in headers.items()}
        status, answer_headers, answer = await gateway._invoke_lambda_proxy(
            integration, api_id, stage, path, method, lower, body, query_params, route["routeKey"],
            owner_account_id=account, owner_region=region, raw_query_string=raw_query_string,
        )
        configured = gateway._apis[api_id].get("corsConfiguration")
        if configured:
            # The gateway ignores a function's own CORS headers.
            answer_headers = {
                name: value for name, value in answer_headers.items() if not name.lower().startswith("access-control-")
            }
        if configured and "origin" in lower and "access-control-request-method" in lower:
            _, cors, _ = gateway._cors_preflight_response(configured, lower["origin"])
            own = ("access-control-", "vary")
            answer_headers.update({name: value for name, value in cors.items() if name.lower().startswith(own)})
        return status, answer_headers, answer

    gateway._handle_execute_in_scope = handed


def main():
    arguments = argparse.ArgumentParser(description="Starts the embedded AWS emulator.")
    arguments.add_argument("--check", action="store_true", help="only check that the patches fit the package")
    arguments.add_argument("--port", type=int, default=4666)
    arguments.add_argument("--region", default="eu-west-2")
    options = arguments.parse_args()

    # The package reads these at import. Every function's process inherits this environment.
    os.environ.update({
        "GATEWAY_PORT": str(options.port),
        "BIND_HOST": "127.0.0.1",
        # Without it the functions' SDK would call AWS itself.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{options.port}",
        "AWS_DEFAULT_REGION": options.region,
        "MINISTACK_REGION": options.region,
        # Each function has only the permissions of its role, as on AWS.
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        # A burst leaves hundreds of idle instances, each a process and three threads. The default is 300 s.
        "LAMBDA_WARM_TTL_SECONDS": "30",
    })
    problems = list(changed_names())
    for problem in problems:
        print(f"launcher: {problem}", file=sys.stderr)
    if problems:
        return 1
    if options.check:
        print(f"launcher: {len(PRIVATE)} private names of ministack {WRITTEN_FOR} are as the patches expect")
        return 0

    speed_up_invocations()
    let_idle_instances_sleep()
    give_parameters_to_sam()
    accept_metric_math()
    after_provisioning("AWS::ApiGatewayV2::Api", import_openapi_body)
    after_provisioning("AWS::DynamoDB::Table", apply_table_settings)
    after_provisioning("AWS::Lambda::Function", require_code)
    after_provisioning("AWS::SQS::QueuePolicy", require_a_policy_per_queue)
    read_concurrency_as_a_number()
    refuse_taken_secret_names()
    keep_protected_tables()
    answer_as_the_gateway_does()
    hand_preflights_to_routes()

    from ministack.app import main as serve

    # MiniStack's own argument parser reads the remaining arguments.
    del sys.argv[1:]
    serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
