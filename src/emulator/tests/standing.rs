//! Standing tasks at Resource Manager's door: the samples' shapes, what is hidden, what is refused, and their runs.

use super::tasks::{Arm, fields, sample};
use crate::emulator::Rights;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const STABLE: &str = "2019-04-01";

async fn asked(arm: &Arm, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let answer = arm.ask_by(STABLE, method, path, body).await;
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// The task of the official sample.
async fn made() -> Arm {
    let arm = Arm::new(Rights::contributor()).await;
    let body = sample("TasksCreate")["parameters"]["taskCreateParameters"].clone();
    let (status, task) = asked(&arm, Method::PUT, "tasks/myTask", &body).await;
    assert_eq!(status, 200, "{task}");
    arm
}

#[tokio::test]
async fn the_samples_are_answered_in_their_shapes_and_without_their_secrets() {
    let arm = made().await;
    let wanted = sample("TasksCreate")["responses"]["200"]["body"].clone();
    let (_, task) = asked(&arm, Method::GET, "tasks/mytask", &json!({})).await;
    assert_eq!(fields(&task), fields(&wanted));
    assert_eq!(fields(&task["properties"]), fields(&wanted["properties"]));
    assert_eq!(task["properties"]["step"], wanted["properties"]["step"]);
    assert_eq!(task["properties"]["trigger"], wanted["properties"]["trigger"]);
    let (_, all) = asked(&arm, Method::GET, "tasks", &json!({})).await;
    assert_eq!(all["value"], json!([task]));
    // Only who asks for the details gets them.
    let (_, details) = asked(&arm, Method::POST, "tasks/myTask/listDetails", &json!({})).await;
    assert!(details.to_string().contains("mysecrettestvalue") && details.to_string().contains("xxxxx"));

    let update = sample("TasksUpdate");
    let body = &update["parameters"]["taskUpdateParameters"];
    let (status, task) = asked(&arm, Method::PATCH, "tasks/myTask", body).await;
    let wanted = &update["responses"]["200"]["body"]["properties"];
    assert_eq!(status, 200, "{task}");
    assert_eq!(task["properties"]["step"], wanted["step"]);
    assert_eq!(task["properties"]["trigger"], wanted["trigger"]);
    assert_eq!(task["properties"]["agentConfiguration"], wanted["agentConfiguration"]);
    assert_eq!(task["properties"]["credentials"]["customRegistries"], wanted["credentials"]["customRegistries"]);

    assert_eq!(asked(&arm, Method::DELETE, "tasks/myTask", &json!({})).await.0, 200);
    assert_eq!(asked(&arm, Method::GET, "tasks/myTask", &json!({})).await.0, 404);
    assert_eq!(asked(&arm, Method::DELETE, "tasks/myTask", &json!({})).await.0, 204);
}

#[tokio::test]
async fn triggers_go_by_their_names_and_null_takes_a_registry_away() {
    let arm = made().await;
    let patch = async |properties: Value| {
        let (status, task) = asked(&arm, Method::PATCH, "tasks/myTask", &json!({"properties": properties})).await;
        assert_eq!(status, 200, "{task}");
        task["properties"].clone()
    };
    let timer = |name: &str, text: &str| json!({"trigger": {"timerTriggers": [{"name": name, "schedule": text}]}});
    patch(timer("t1", "0 3 * * *")).await;
    let task = patch(timer("t2", "0 30 9 * * 1-5")).await;
    assert_eq!(task["trigger"]["timerTriggers"].as_array().unwrap().len(), 2);
    assert_eq!(task["trigger"]["sourceTriggers"].as_array().unwrap().len(), 1);
    let off = json!({"trigger": {"timerTriggers": [{"name": "t1", "status": "Disabled"}]}});
    let task = patch(off).await;
    assert_eq!(
        task["trigger"]["timerTriggers"][0],
        json!({"name": "t1", "schedule": "0 3 * * *", "status": "Disabled"})
    );
    let login = |value: Value| json!({"credentials": {"customRegistries": {"ghcr.io": value}}});
    let task = patch(login(json!({"userName": {"type": "Opaque", "value": "me"}}))).await;
    assert_eq!(task["credentials"]["customRegistries"], json!({"ghcr.io": null}));
    assert_eq!(patch(login(Value::Null)).await["credentials"]["customRegistries"], json!({}));
}

#[tokio::test]
async fn what_the_service_does_not_take_is_refused() {
    let arm = made().await;
    let good = sample("TasksCreate")["parameters"]["taskCreateParameters"].clone();
    for (place, value, status, why) in [
        ("/location", json!(""), 400, "LocationRequired"),
        ("/properties/step/type", json!("Bash"), 400, "The step type 'Bash'"),
        ("/properties/step/dockerFilePath", json!(""), 400, "'step.dockerFilePath' is required"),
        ("/properties/step/contextPath", json!("https://o@dev.azure.com/o/p/_git/r"), 404, "Not Found"),
        ("/properties/step/contextPath", json!("https://dev.azure.com/o/p/_git/r.git#main"), 404, "Not Found"),
        ("/properties/platform/os", json!("plan9"), 400, "The platform"),
        ("/properties/trigger/timerTriggers", json!([{"name": "t", "schedule": "hourly"}]), 400, "no cron expression"),
        ("/properties/agentPoolName", json!("nowhere"), 404, "AgentPoolNotFound"),
        (
            "/properties/trigger/sourceTriggers/0/sourceRepository/sourceControlAuthProperties",
            json!({}),
            400,
            "needs a token",
        ),
    ] {
        let mut body = good.clone();
        let (parent, field) = place.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[field] = value;
        let (was, answer) = asked(&arm, Method::PUT, "tasks/other", &body).await;
        assert!(was == status && answer.to_string().contains(why), "{place}: {was} {answer}");
    }
    let reader = Arm::new(Rights::reader()).await;
    assert_eq!(asked(&reader, Method::GET, "tasks", &json!({})).await.0, 200);
    assert_eq!(asked(&reader, Method::PUT, "tasks/other", &good).await.0, 403);
    assert_eq!(asked(&reader, Method::POST, "tasks/other/listDetails", &json!({})).await.0, 403);
}

#[tokio::test]
async fn a_task_runs_out_of_its_turn_with_what_the_request_says_otherwise() {
    let arm = made().await;
    let (_, task) = asked(&arm, Method::GET, "tasks/myTask", &json!({})).await;
    let order = json!({
        "type": "TaskRunRequest", "taskId": task["id"],
        "overrideTaskStepProperties": {"contextPath": "other", "arguments": [{"name": "mytestargument", "value": "2"}]},
    });
    let (status, run) = asked(&arm, Method::POST, "scheduleRun", &order).await;
    assert_eq!((status.as_u16(), &run["properties"]["task"]), (200, &json!("myTask")), "{run}");
    let (_, runs) = asked(&arm, Method::GET, "runs", &json!({})).await;
    assert_eq!(runs["value"][0]["properties"]["platform"], task["properties"]["platform"]);
    let off = json!({"properties": {"status": "Disabled"}});
    asked(&arm, Method::PATCH, "tasks/myTask", &off).await;
    let (status, answer) = asked(&arm, Method::POST, "scheduleRun", &order).await;
    assert!(status == 400 && answer.to_string().contains("is disabled"), "{answer}");
}
