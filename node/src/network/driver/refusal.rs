//! Why an inbound connection failed, in words.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter;

use libp2p::noise;
use libp2p::swarm::ListenError;

use super::super::behaviour::{NotMember, TooManyPending};
use super::super::event::Refusal;
use super::super::identity::public_key_of;

/// What there is to report about an inbound connection that failed, if there is anything.
///
/// A member that reaches us over QUIC gives up the TCP connection that it has begun beside it: that is no refusal.
pub(super) fn refusal(error: ListenError) -> Option<Refusal> {
    match error {
        ListenError::Denied { cause } => match cause.downcast::<NotMember>() {
            Ok(NotMember { peer }) => Some(Refusal::NotMember { public_key: public_key_of(&peer) }),
            Err(cause) => cause.downcast::<TooManyPending>().is_ok().then_some(Refusal::Busy),
        },
        ListenError::Transport(error) if is_given_up(&error) => None,
        ListenError::Transport(error) => Some(Refusal::Handshake(reason(&error))),
        _ => None,
    }
}

/// An error and what caused it, from the outermost on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error| (*error).source())
}

/// Whether the far end has closed the connection before it said who it is.
fn is_given_up(error: &(dyn Error + 'static)) -> bool {
    let closed = [
        ErrorKind::UnexpectedEof,
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionAborted,
        ErrorKind::BrokenPipe,
    ];
    causes(error).filter_map(io_kind).any(|kind| closed.contains(&kind))
}

/// What the system said, if this is its error. That of the encryption shows the causes of the system's error only.
fn io_kind(cause: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let encryption = |error: &noise::Error| match error {
        noise::Error::Io(error) => Some(error.kind()),
        _ => None,
    };
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<noise::Error>());
        return inner.map_or(Some(error.kind()), encryption);
    }
    cause.downcast_ref::<noise::Error>().and_then(encryption)
}

/// The words of all causes. Those of the transports' outermost error are empty.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> =
        causes(error).map(ToString::to_string).filter(|text| !text.is_empty()).collect();
    // Many errors repeat the words of their cause.
    words.dedup_by(|later, earlier| earlier.contains(later.as_str()));
    if words.is_empty() { "no reason was given".to_owned() } else { words.join(": ") }
}

#[cfg(test)]
mod tests {
    use libp2p::TransportError;

    use super::*;

    fn failed(error: io::Error) -> Option<Refusal> {
        refusal(ListenError::Transport(TransportError::Other(error)))
    }

    #[test]
    fn a_failed_handshake_has_a_reason() {
        let cases = [
            (
                io::Error::other("Handshake with the remote timed out."),
                "Handshake with the remote timed out.",
            ),
            (io::Error::other(io::Error::other("a bad signature")), "a bad signature"),
            (io::Error::other(""), "no reason was given"),
        ];
        for (error, words) in cases {
            assert_eq!(failed(error), Some(Refusal::Handshake(words.into())));
        }
    }

    #[test]
    fn a_dial_given_up_by_its_dialler_is_no_refusal() {
        for kind in [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe] {
            assert_eq!(failed(kind.into()), None);
            assert_eq!(failed(io::Error::other(noise::Error::Io(kind.into()))), None);
        }
    }
}
