"""Translates a SAM template as CloudFormation does, and prints its resources.

translate.py TEMPLATE.json REGION
"""

import json
import sys

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

with open(sys.argv[1]) as file:
    template = json.load(file)
session = boto3.session.Session(region_name=sys.argv[2])
translated = Translator({}, Parser(), boto_session=session).translate(template, {})
print(json.dumps(translated["Resources"]))
