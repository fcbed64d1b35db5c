"""Reads the parameters of a `sam deploy` as SAM does, checks them as CloudFormation does, and prints them.

overrides.py PARAMETERS.json deploy ...: the first argument is a template's section Parameters, the others are sam's.
"""

import json
import re
import sys

import click
from samcli.commands._utils.options import parameter_override_option


def problems(declared, given):
    for name in sorted(given.keys() - declared.keys()):
        yield f"{name} is no parameter of the template"
    for name, parameter in declared.items():
        value = given.get(name, parameter.get("Default"))
        if value is None:
            yield f"{name} has no default and is not given"
        elif value not in parameter.get("AllowedValues", [value]):
            yield f"{name} may not be {value!r}"
        elif not re.fullmatch(parameter.get("AllowedPattern", "(?s:.*)"), value):
            yield f"{name} may not be {value!r}"


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@parameter_override_option
def parse(parameter_overrides):
    found = list(problems(DECLARED, parameter_overrides))
    if found:
        sys.exit("\n".join(found))
    click.echo(json.dumps(parameter_overrides))


with open(sys.argv.pop(1)) as file:
    DECLARED = json.load(file)
parse()
