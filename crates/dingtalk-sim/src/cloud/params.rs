//! The caller's parameters: the query, and a body in JSON or as a form.

use serde_json::{Map, Value};

use super::answer::Refusal;

/// The parameters of one call, by origin.
#[derive(Debug, Default)]
pub(crate) struct Params {
    query: Map<String, Value>,
    body: Map<String, Value>,
    body_is_form: bool,
}

impl Params {
    /// Parses the parameters; refuses with 400002 if the body is neither a JSON object nor a form.
    pub(crate) fn parse(
        query: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        let body_is_form =
            content_type.is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"));
        let body = if body_is_form {
            pairs(body)
        } else if body.iter().all(u8::is_ascii_whitespace) {
            Map::new()
        } else {
            serde_json::from_slice(body).map_err(|_| Refusal::Code(400_002))?
        };
        Ok(Self {
            query: pairs(query.as_bytes()),
            body,
            body_is_form,
        })
    }

    /// Returns a parameter of the query string; empty counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// Returns the access token: from the query string or a form, never from a JSON body.
    pub(crate) fn access_token(&self) -> Option<&str> {
        let in_form = || {
            let field = self
                .body
                .get("access_token")
                .filter(|_| self.body_is_form)?;
            field.as_str()
        };
        self.query("access_token")
            .or_else(in_form)
            .filter(|text| !text.trim().is_empty())
    }

    /// Returns a text in the body; empty counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.given(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns an integer in the body; `Err(code)` if the value is something else.
    pub(crate) fn integer(&self, name: &str, code: i64) -> Result<Option<i64>, Refusal> {
        let Some(given) = self.given(name) else {
            return Ok(None);
        };
        let number = given
            .as_i64()
            .or_else(|| given.as_str()?.trim().parse().ok());
        number.map(Some).ok_or(Refusal::Code(code))
    }

    /// Returns a boolean in the body; `Err(code)` if the value is something else.
    pub(crate) fn flag(&self, name: &str, code: i64) -> Result<Option<bool>, Refusal> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(Refusal::Code(code)),
        }
    }

    /// Returns the body's value of this name, of any type.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.given(name)
    }

    fn given(&self, name: &str) -> Option<&Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }
}

fn pairs(encoded: &[u8]) -> Map<String, Value> {
    url::form_urlencoded::parse(encoded)
        .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded;charset=utf-8");

    #[test]
    fn json_and_form_bodies_mean_the_same() {
        let json = Params::parse("", None, br#"{"dept_id":1,"cursor":"0","on":true}"#).unwrap();
        let form = Params::parse("", FORM, b"dept_id=1&cursor=0&on=true").unwrap();
        for params in [json, form] {
            assert_eq!(params.integer("dept_id", 40035), Ok(Some(1)));
            assert_eq!(params.integer("cursor", 40035), Ok(Some(0)));
            assert_eq!(params.flag("on", 40035), Ok(Some(true)));
            assert_eq!(params.integer("on", 40035), Err(Refusal::Code(40035)));
            assert_eq!(params.integer("size", 40035), Ok(None));
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for body in [&b"[1]"[..], b"{", b"userid=a"] {
            assert_eq!(
                Params::parse("", None, body).unwrap_err(),
                Refusal::Code(400_002)
            );
        }
        assert!(Params::parse("a=b", None, b"").unwrap().text("a").is_none());
    }

    #[test]
    fn the_token_is_read_from_the_address_or_a_form_but_not_from_json() {
        let token = |query, kind, body: &[u8]| {
            Params::parse(query, kind, body)
                .unwrap()
                .access_token()
                .map(str::to_owned)
        };
        assert_eq!(token("access_token=t", None, b""), Some("t".to_owned()));
        assert_eq!(token("", FORM, b"access_token=t"), Some("t".to_owned()));
        assert_eq!(token("", None, br#"{"access_token":"t"}"#), None);
        assert_eq!(token("access_token=", None, b""), None);
    }
}
