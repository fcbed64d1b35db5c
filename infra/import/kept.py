"""Writes what CloudFormation needs to take over what stayed when a nested stack was deleted.

kept.py infra/stacks/X.yaml EVENTS.json: the second file is the output of `aws cloudformation describe-stack-events` for the
deleted stack. Writes kept-template.json, the template without everything else, and kept-resources.json, the resources to import.
"""

import json
import sys

from samcli.yamlhelper import yaml_parse

IDENTIFIERS = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::KMS::Key": "KeyId",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Id",
}

with open(sys.argv[1]) as file:
    template = yaml_parse(file.read())
with open(sys.argv[2]) as file:
    events = json.load(file)["StackEvents"]
stayed = {each["LogicalResourceId"]: each for each in events if each["ResourceStatus"] == "DELETE_SKIPPED"}
kept = {name: resource for name, resource in template["Resources"].items() if name in stayed}
missing = sorted(stayed.keys() - kept.keys())
if missing:
    sys.exit(f"{sys.argv[1]} no longer has {', '.join(missing)}")
parameters = {"Stage": {"Type": "String"}, "EndpointUrl": {"Type": "String", "Default": ""}}
if '{"Ref": "DataKey"}' in json.dumps(kept):
    parameters["DataKey"] = {"Type": "String"}
template = {
    "Parameters": parameters,
    "Conditions": {"OnAws": {"Fn::Equals": [{"Ref": "EndpointUrl"}, ""]}},
    "Resources": kept,
}
resources = [
    {
        "ResourceType": resource["Type"],
        "LogicalResourceId": name,
        "ResourceIdentifier": {IDENTIFIERS[resource["Type"]]: stayed[name]["PhysicalResourceId"]},
    }
    for name, resource in kept.items()
]
for name, content in [("kept-template.json", template), ("kept-resources.json", resources)]:
    with open(name, "w") as file:
        json.dump(content, file, indent=2)
