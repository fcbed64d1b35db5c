use super::*;

fn problems(resource: &Value) -> Vec<String> {
    found("x.yaml", &json!({ "R": resource }))
}

fn arn(queue: &str) -> Value {
    json!({ "Fn::GetAtt": [queue, "Arn"] })
}

fn policy(queues: &[&str], statements: &[Value]) -> Value {
    let queues: Vec<Value> = queues.iter().map(|queue| json!({ "Ref": queue })).collect();
    let statements: Vec<Value> = statements
        .iter()
        .map(|resource| json!({ "Resource": resource }))
        .collect();
    json!({
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": { "Queues": queues, "PolicyDocument": { "Statement": statements } },
    })
}

#[test]
fn a_queue_policy_is_about_its_one_queue() {
    assert!(problems(&policy(&["A"], &[arn("A"), json!([arn("A")])])).is_empty());
    for (queues, statement) in [
        (&["A", "B"][..], json!([arn("A"), arn("B")])),
        (&["A", "B"], arn("A")),
        (&["A"], json!([arn("A"), arn("B")])),
        (&["A"], arn("B")),
        (&["A"], json!("*")),
        (&[], arn("A")),
    ] {
        let refused = policy(queues, &[statement]);
        assert!(!problems(&refused).is_empty(), "{refused}");
    }
}
