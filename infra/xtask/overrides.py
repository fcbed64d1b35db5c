"""Runs `sam deploy ...` up to where SAM would call AWS, and writes what it would deploy to deployed.json.

SAM reads the command line, samconfig.toml and the template. The parameters are checked as CloudFormation checks those of a new
stack; `missing` has those that only an existing stack can have.
"""

import inspect
import json
import re
import sys

from samcli.cli.main import cli
from samcli.commands.deploy import command
from samcli.commands.deploy.deploy_context import DeployContext
from samcli.yamlhelper import yaml_parse

SIGNATURE = inspect.signature(command.do_cli)


def problems(declared, given, values):
    for name in sorted(given.keys() - declared.keys()):
        yield f"{name} is no parameter of the template"
    for name, value in values.items():
        allowed = declared[name].get("AllowedValues", [value])
        pattern = declared[name].get("AllowedPattern", "(?s:.*)")
        if value not in allowed or not re.fullmatch(pattern, str(value)):
            yield f"{name} may not be {value!r}"


def deploy(*arguments):
    read = SIGNATURE.bind(*arguments).arguments
    given = read["parameter_overrides"]
    with open(read["template_file"]) as file:
        template = yaml_parse(file.read())
    declared = template["Parameters"]
    passed = DeployContext.merge_parameters(template, given)
    values = {each["ParameterKey"]: each.get("ParameterValue") for each in passed}
    values = {name: declared[name].get("Default") if value is None else value for name, value in values.items()}
    missing = [name for name, value in values.items() if value is None]
    values = {name: value for name, value in values.items() if value is not None}
    found = list(problems(declared, given, values))
    if found:
        sys.exit("\n".join(found))
    with open("deployed.json", "w") as file:
        json.dump({"stack": read["stack_name"], "parameters": values, "missing": missing}, file)


command.do_cli = deploy
cli(prog_name="sam")
