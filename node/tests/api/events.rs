//! Streams and the feed: nothing is skipped, nothing is repeated.

use std::time::Duration;

use futures::{Stream, StreamExt as _};
use node::handle::Phase;
use serde_json::Value;
use tokio::time::timeout;

use super::fixture::{Fixture, bank, bidder};

/// One event of a stream, or a comment.
#[derive(Debug, PartialEq)]
enum Frame {
    Event { id: String, name: String, data: Value },
    Comment(String),
}

/// Reads a stream frame by frame.
struct Reader {
    bytes: std::pin::Pin<Box<dyn Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Reader {
    async fn open(fixture: &Fixture, path: &str, last_id: Option<&str>) -> Self {
        let mut request = fixture.get(path);
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { bytes: Box::pin(response.bytes_stream()), text: String::new() }
    }

    /// The next frame; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(parse(&frame));
            }
            let more =
                timeout(Duration::from_secs(10), self.bytes.next()).await.expect("the stream goes on")?;
            self.text.push_str(std::str::from_utf8(&more.unwrap()).unwrap());
        }
    }

    /// Ids of the next `count` events.
    async fn ids(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            if let Frame::Event { id, name, data } = self.next().await.unwrap() {
                assert_eq!(data["id"], id.as_str());
                assert_eq!(data["event"], name.as_str());
                ids.push(id);
            }
        }
        ids
    }
}

fn parse(frame: &str) -> Frame {
    let field = |name: &str| {
        frame.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::to_owned)
    };
    match (field("id"), field("event"), field("data")) {
        (Some(id), Some(name), Some(data)) => {
            Frame::Event { id, name, data: serde_json::from_str(&data).unwrap() }
        }
        _ => Frame::Comment(
            frame.lines().find_map(|line| line.strip_prefix(':')).unwrap_or_default().trim().to_owned(),
        ),
    }
}

/// All events by the feed, in pages of `limit`.
async fn feed(fixture: &Fixture, query: &str, limit: usize) -> Vec<Value> {
    let (mut events, mut from) = (Vec::new(), "0.0".to_owned());
    loop {
        let page = fixture.json(&format!("/v1/events?format=json&limit={limit}&from={from}{query}")).await;
        let next = page["next"].as_str().unwrap().to_owned();
        events.extend(page["data"].as_array().unwrap().clone());
        if next == from {
            return events;
        }
        from = next;
    }
}

fn ids_of(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_feed_is_the_same_in_pages_of_any_size() {
    let fixture = Fixture::new().await;
    fixture.open_listing().await;
    let whole = feed(&fixture, "", 1_000).await;
    let names: Vec<_> = whole.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "listing_published",
            "guarantee_issued",
            "guarantee_issued",
            "bidder_qualified",
            "bidder_qualified",
            "clock_advanced",
            "listing_opened",
            "quote_recorded"
        ]
    );
    assert_eq!(whole[6]["transaction"], Value::Null, "what falls due has no cause");
    assert_eq!(whole[7]["time"], "2026-03-02T09:03:00+08:00");
    for limit in 1..=9 {
        assert_eq!(feed(&fixture, "", limit).await, whole, "limit {limit}");
    }
    let accepted = fixture.get("/v1/events").header("accept", "application/json").send().await.unwrap();
    let accepted: Value = accepted.json().await.unwrap();
    assert_eq!(accepted["data"].as_array().unwrap(), &whole);
}

#[tokio::test]
async fn filters_know_whose_letter_it_is() {
    let fixture = Fixture::new().await;
    let listing = fixture.open_listing().await;
    fixture.commit(&[fixture.publish("另一块地")]);
    let cases = [
        (format!("&listing={listing}"), vec!["1.0", "2.0", "2.1", "2.2", "2.3", "3.0", "3.1"]),
        (format!("&organisation={}", bidder(2)), vec!["2.1", "2.3"]),
        (format!("&organisation={}", bank()), vec!["2.0", "2.1", "2.2", "2.3"]),
        (format!("&organisation={}&listing={listing}", bidder(1)), vec!["2.0", "2.2", "3.1"]),
    ];
    for (query, expected) in cases {
        for limit in [1, 2, 100] {
            assert_eq!(ids_of(&feed(&fixture, &query, limit).await), expected, "{query} limit {limit}");
        }
        let mut reader = Reader::open(&fixture, &format!("/v1/events?from=0.0{query}"), None).await;
        assert_eq!(reader.ids(expected.len()).await, expected, "{query}");
    }
}

/// Streams opened before, between and amid commits all see the same events; one that breaks off anywhere goes on
/// where it broke off.
#[tokio::test]
async fn streams_replay_follow_and_resume_without_gap() {
    let fixture = Fixture::new().await;
    let listing = fixture.open_listing().await;
    let mut early = Reader::open(&fixture, "/v1/events?from=0.0", None).await;
    let mut live = Reader::open(&fixture, "/v1/events", None).await;
    assert_eq!(live.next().await, Some(Frame::Comment("zhulian events".into())));
    // More blocks than the announcements hold, so that streams must go back to the store.
    let mut filtered = Reader::open(&fixture, &format!("/v1/events?listing={listing}"), None).await;
    assert_eq!(filtered.next().await, Some(Frame::Comment("zhulian events".into())));
    for round in 0..30u64 {
        let number = 1 + (round % 2) as u32;
        fixture.commit(&[
            fixture.quote(number, &listing, 1_100_000 + round * 60_000),
            fixture.publish(&format!("地 {round}")),
        ]);
        if round % 7 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let whole = ids_of(&feed(&fixture, "", 1_000).await);
    assert_eq!(whole.len(), 8 + 60);
    assert_eq!(early.ids(whole.len()).await, whole);
    assert_eq!(live.ids(60).await, whole[8..]);
    let quotes: Vec<String> = whole[8..].iter().filter(|id| id.ends_with(".0")).cloned().collect();
    assert_eq!(filtered.ids(30).await, quotes);

    for (seen, id) in whole.iter().enumerate().step_by(9) {
        let mut resumed = Reader::open(&fixture, "/v1/events?from=0.0", Some(id)).await;
        assert_eq!(resumed.ids(whole.len() - seen - 1).await, whole[seen + 1..], "after {id}");
    }
    // At the very end, and beyond it: the next block is what comes.
    let mut at_end = Reader::open(&fixture, "/v1/events", whole.last().map(String::as_str)).await;
    let mut ahead = Reader::open(&fixture, "/v1/events?from=35.0", None).await;
    assert_eq!(ahead.next().await, Some(Frame::Comment("zhulian events".into())));
    assert_eq!(at_end.next().await, Some(Frame::Comment("zhulian events".into())));
    for _ in 0..2 {
        fixture.commit(&[fixture.step_clock(1), fixture.publish("最后")]);
    }
    assert_eq!(at_end.ids(4).await, ["34.0", "34.1", "35.0", "35.1"]);
    assert_eq!(ahead.ids(1).await, ["35.1"]);
}

#[tokio::test]
async fn a_stopping_node_says_how_to_go_on() {
    let fixture = Fixture::new().await;
    fixture.commit(&[fixture.step_clock(1)]);
    let mut reader = Reader::open(&fixture, "/v1/events?from=0.0", None).await;
    assert_eq!(reader.ids(1).await, ["1.0"]);
    fixture.chain().set_phase(Phase::Stopping);
    let Some(Frame::Comment(words)) = reader.next().await else { panic!("a comment was expected") };
    assert!(words.contains("Last-Event-ID: 1.0"), "{words}");
    assert_eq!(reader.next().await, None);
}
