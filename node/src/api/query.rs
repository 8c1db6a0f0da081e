//! Query parameters and path segments, read strictly.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::problem::{Code, Fault};

/// Query parameters of a request. Every endpoint takes them out one by one; what is left is unknown.
pub(crate) struct Params {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Params {
    /// The value of `name`, if given.
    pub(crate) fn take(&mut self, name: &'static str) -> Result<Option<String>, Fault> {
        self.known.push(name);
        let Some(index) = self.given.iter().position(|(key, _)| key == name) else { return Ok(None) };
        let (_, value) = self.given.swap_remove(index);
        if self.given.iter().any(|(key, _)| key == name) {
            return Err(Fault::field(Code::RepeatedParameter, name, "Give it once"));
        }
        Ok(Some(value))
    }

    /// The value of `name`, read with `parse`.
    pub(crate) fn read<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        parse(&text)
            .map(Some)
            .map_err(|reason| Fault::field(Code::InvalidParameter, name, format!("{name}: {reason}")))
    }

    /// A number in a range, or `default`.
    pub(crate) fn number(
        &mut self,
        name: &'static str,
        least: u64,
        most: u64,
        default: u64,
    ) -> Result<u64, Fault> {
        let number = self.read(name, |text| match text.parse::<u64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(format!("expected a whole number from {least} to {most}")),
        })?;
        Ok(number.unwrap_or(default))
    }

    fn finish(self) -> Result<(), Fault> {
        let Some((name, _)) = self.given.first() else { return Ok(()) };
        let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
        let name = name.chars().take(64).collect::<String>();
        Err(Fault::field(Code::UnknownParameter, &name, format!("Known ones: {known}")))
    }
}

/// What an endpoint reads from the query.
pub(crate) trait FromQuery: Sized {
    /// Takes out what it knows.
    fn from_query(params: &mut Params) -> Result<Self, Fault>;
}

/// An endpoint without query parameters.
pub(crate) struct NoQuery;

impl FromQuery for NoQuery {
    fn from_query(_: &mut Params) -> Result<Self, Fault> {
        Ok(Self)
    }
}

/// Extracts an endpoint's query parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Sync, T: FromQuery> FromRequestParts<S> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let given = match parts.uri.query() {
            None | Some("") => Vec::new(),
            Some(_) => {
                let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
                pairs.map_err(|e| Fault::new(Code::InvalidParameter).because(e.body_text()))?.0
            }
        };
        let mut params = Params { given, known: Vec::new() };
        let value = T::from_query(&mut params)?;
        params.finish()?;
        Ok(Self(value))
    }
}

/// The one variable segment of a path.
pub(crate) struct Segment(pub(crate) String);

impl Segment {
    /// Reads it as the name of something.
    pub(crate) fn parse<T: std::str::FromStr>(&self, what: &str) -> Result<T, Fault>
    where
        T::Err: std::fmt::Display,
    {
        self.0.parse().map_err(|reason| Fault::field(Code::InvalidPath, what, format!("{what}: {reason}")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(error) => Err(Fault::new(Code::InvalidPath).because(error.body_text())),
        }
    }
}

/// Whether the client asks for this media type by name before any other.
pub(crate) fn accepts(headers: &axum::http::HeaderMap, media_type: &str) -> bool {
    let values = headers.get_all(axum::http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .next()
        .is_some_and(|first| first.eq_ignore_ascii_case(media_type))
}
