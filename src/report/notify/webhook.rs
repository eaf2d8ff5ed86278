//! A request with JSON to an address: as a whole, or by a template for services that want it in their own form.

use serde_json::Value;

use super::notice::Notice;
use super::web::post;
use crate::config::Webhook;

pub(super) async fn tell(webhook: &Webhook, notice: &Notice) -> Result<(), String> {
    let body = body(&webhook.template, notice).map_err(|error| error.to_string())?;
    post(&webhook.url, None, &body).await
}

fn body(template: &str, notice: &Notice) -> serde_json::Result<Value> {
    if template.is_empty() {
        return serde_json::to_value(notice);
    }
    let mut body = serde_json::from_str(template)?;
    fill(&mut body, notice);
    Ok(body)
}

/// Fills in what the strings of the template name.
fn fill(value: &mut Value, notice: &Notice) {
    match value {
        Value::String(text) => *text = filled(text, notice),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, notice)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, notice)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What is filled in is not looked through again.
fn filled(template: &str, notice: &Notice) -> String {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let named = after.split_once('}').and_then(|(name, after)| Some((named(name, notice)?, after)));
        let Some((value, after)) = named else {
            text.push('{');
            rest = after;
            continue;
        };
        text.push_str(value);
        rest = after;
    }
    text + rest
}

fn named<'a>(name: &str, notice: &'a Notice) -> Option<&'a str> {
    Some(match name {
        "title" => &notice.title,
        "text" => &notice.text,
        "kind" => notice.kind.as_str(),
        "job" => &notice.job,
        "link" => notice.link.as_deref().unwrap_or_default(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::notice::Kind;
    use super::*;

    #[test]
    fn a_template_is_filled_in_and_stays_json() {
        let notice = Notice {
            kind: Kind::Failure,
            job: "config".into(),
            title: "A \"title\" {text}".into(),
            text: "line\nline".into(),
            link: None,
        };
        let template = r#"{"content": "{title}: {text} {other} {", "n": [1, "{kind}{link}"]}"#;
        let expected = json!({"content": "A \"title\" {text}: line\nline {other} {", "n": [1, "failure"]});
        assert_eq!(body(template, &notice).unwrap(), expected);
        assert_eq!(body("", &notice).unwrap()["kind"], "failure");
    }
}
