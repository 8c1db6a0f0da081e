//! Where the trade is played: acts through the nodes' interfaces, and what became of them.

use std::time::{Duration, Instant};

use ledger::action::Action as LedgerAction;
use ledger::calendar::Day;
use ledger::crypto::SigningKey;
use ledger::id::{ChainId, Height};
use ledger::time::{BlockTime, DAY_MS, Span};
use serde::Serialize;
use serde_json::Value;

use super::cast::{CENTRES, Party};
use super::network::{GENESIS_TIME, Network};
use super::progress::Progress;
use crate::api::schema::{Action, AdvanceClock, Event, Listing, Problem, Stage as ListingStage, Transaction};
use crate::cli::client::{ClientError, Nodes, Wait};
use crate::cli::events::describe;
use crate::cli::output::{Failure, Words, words};
use crate::cli::sign::{Signed, random_salt, sign};

/// Longest wait for an act to be recorded, or for something to happen by itself.
const WAIT: Duration = Duration::from_secs(20);
/// How far ahead an act may still be recorded.
const EXPIRY: u64 = 1_000;
/// Longest wait for what the nodes do by themselves.
const SOON: Duration = Duration::from_secs(40);
/// How often something awaited is asked for.
const POLL: Duration = Duration::from_millis(20);

/// One row of what happened.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Act {
    /// Block time, or what the clock read when the act was refused.
    pub(super) time: String,
    pub(super) what: String,
    pub(super) what_zh: String,
    pub(super) by: String,
    pub(super) by_zh: String,
    /// The node through which it came; none for what the ledger did by itself.
    pub(super) via: Option<&'static str>,
    pub(super) transaction: Option<String>,
    /// Where it is recorded; none when it was refused.
    pub(super) height: Option<u64>,
}

/// An act, as clients write it or as the ledger has it.
pub(super) trait Deed: TryInto<LedgerAction, Error: std::fmt::Display> {}
impl<T: TryInto<LedgerAction, Error: std::fmt::Display>> Deed for T {}

/// Who acts, and through which node.
pub(super) struct Actor {
    pub(super) title: Words,
    pub(super) key: SigningKey,
    pub(super) node: usize,
}

/// The trade as it is played.
pub(super) struct Stage<'a> {
    network: &'a mut Network,
    pub(super) progress: &'a Progress,
    chain: ChainId,
    timekeeper: Actor,
    clock: BlockTime,
    listing: Option<String>,
    /// What the rows of the ledger's own doing are looked for by: filters of the events.
    followed: Vec<String>,
    acts: Vec<Act>,
}

impl<'a> Stage<'a> {
    pub(super) async fn new(network: &'a mut Network, progress: &'a Progress) -> Result<Self, Failure> {
        let client = network.nodes[0].client.clone();
        let status = client.status().await.map_err(|e| e.into_failure(client.url()))?;
        let chain = status.chain_id.parse().map_err(|e| strange(&e))?;
        let key = network.key("timekeeper")?;
        let timekeeper = Actor { title: words("timekeeper", "时钟管理者"), key, node: 0 };
        let clock = BlockTime::parse(GENESIS_TIME).map_err(|e| strange(&e))?;
        Ok(Self {
            network,
            progress,
            chain,
            timekeeper,
            clock,
            listing: None,
            followed: Vec::new(),
            acts: Vec::new(),
        })
    }

    pub(super) fn network(&mut self) -> &mut Network {
        self.network
    }

    /// What the clock reads.
    pub(super) fn clock(&self) -> BlockTime {
        self.clock
    }

    /// A party at the node of its own city.
    pub(super) fn actor(&self, party: &Party) -> Result<Actor, Failure> {
        Ok(Actor { title: party.title(), key: self.network.key(party.key)?, node: party.at })
    }

    /// A centre at its own node.
    pub(super) fn centre(&self, centre: usize) -> Result<Actor, Failure> {
        let cast = &CENTRES[centre];
        let title = words(format!("centre ({})", cast.node), cast.name);
        Ok(Actor { title, key: self.network.operator_key(centre)?, node: centre })
    }

    /// The deal code, once the listing is published.
    pub(super) fn deal(&self) -> String {
        self.listing.clone().unwrap_or_default()
    }

    pub(super) fn set_deal(&mut self, code: String) {
        self.listing = Some(code);
    }

    /// Has the ledger's own doing about something among the rows in the end.
    pub(super) fn follow(&mut self, filter: String) {
        self.followed.push(filter);
    }

    /// The nodes that are up.
    pub(super) fn nodes(&self) -> Result<Nodes, Failure> {
        let up = self.network.nodes.iter().filter(|node| node.is_up());
        Nodes::new(&up.map(|node| node.client.url().to_owned()).collect::<Vec<_>>())
    }

    /// The height of a node.
    pub(super) async fn tip(&self, node: usize) -> Result<u64, Failure> {
        let client = &self.network.nodes[node].client;
        Ok(client.status().await.map_err(|e| e.into_failure(client.url()))?.height)
    }

    /// Waits until all nodes that are up have what the first of them has.
    pub(super) async fn settle_all(&self) -> Result<(), Failure> {
        self.settle(self.tip(self.timekeeper.node).await?).await
    }

    pub(super) fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// Signs an act at the node's present height.
    pub(super) async fn sign(&self, actor: &Actor, action: impl Deed) -> Result<Signed, Failure> {
        let client = &self.network.nodes[actor.node].client;
        let status = client.status().await.map_err(|e| e.into_failure(client.url()))?;
        let action = action.try_into().map_err(|e| strange(&e))?;
        sign(&self.chain, &actor.key, action, Height::new(status.height + EXPIRY), random_salt()?)
    }

    /// An act that must be recorded.
    pub(super) async fn act(
        &mut self,
        actor: &Actor,
        action: impl Deed,
        what: Words,
    ) -> Result<Transaction, Failure> {
        let transaction = self.record(actor, action).await?;
        let via = &self.network.nodes[actor.node];
        self.progress.done(&words(
            format!("{}, {} via {}, height {}", what.en, actor.title.en, via.name, transaction.height),
            format!("{}，{} 经{}节点，高度 {}", what.zh, actor.title.zh, via.city, transaction.height),
        ));
        let act = self.row(&what, actor, transaction.block_time.clone(), Some(&transaction));
        self.acts.push(act);
        self.progress.pause().await;
        Ok(transaction)
    }

    async fn record(&self, actor: &Actor, action: impl Deed) -> Result<Transaction, Failure> {
        let signed = self.sign(actor, action).await?;
        let client = &self.network.nodes[actor.node].client;
        let result = client.submit(&signed.bytes, Wait::Committed(WAIT)).await;
        let result = result.map_err(|e| e.into_failure(client.url()))?;
        if !crate::cli::client::is_committed(&result) {
            return Err(Failure::incomplete(words(
                format!("{} waits for more than {} s. Look at the nodes' logs.", signed.id, WAIT.as_secs()),
                format!("{} 超过 {} 秒未入账，请查看节点日志。", signed.id, WAIT.as_secs()),
            )));
        }
        let transaction =
            client.transaction(&signed.id.to_string()).await.map_err(|e| e.into_failure(client.url()))?;
        self.settle(transaction.height).await?;
        Ok(transaction)
    }

    /// Waits until every running node has recorded a block, so that the next act can come through any of them.
    async fn settle(&self, height: u64) -> Result<(), Failure> {
        let began = Instant::now();
        for node in self.network.nodes.iter().filter(|node| node.is_up()) {
            while node.client.status().await.map_err(|e| e.into_failure(node.client.url()))?.height < height {
                if began.elapsed() > WAIT {
                    return Err(strange(&format!("the node of {} stays behind height {height}", node.name)));
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// An act that must be refused with `code`.
    pub(super) async fn refused(
        &mut self,
        actor: &Actor,
        action: impl Deed,
        code: &str,
        what: Words,
    ) -> Result<(), Failure> {
        let signed = self.sign(actor, action).await?;
        self.refused_bytes(actor, &signed.bytes, code, what).await
    }

    /// Bytes that must be refused with `code`.
    pub(super) async fn refused_bytes(
        &mut self,
        actor: &Actor,
        bytes: &[u8],
        code: &str,
        what: Words,
    ) -> Result<(), Failure> {
        let client = &self.network.nodes[actor.node].client;
        let problem: Problem = match client.submit(bytes, Wait::Committed(WAIT)).await {
            Err(ClientError::Refused(problem)) if problem.code == code => *problem,
            Err(error) => return Err(error.into_failure(client.url())),
            Ok(_) => {
                return Err(Failure::failed(words(
                    format!("{} should have been refused with {code} and was not.", what.en),
                    format!("{}本应以 {code} 被拒绝，却未被拒绝。", what.zh),
                )));
            }
        };
        let rule = problem.rule.map(|rule| format!(" {rule}")).unwrap_or_default();
        let what = words(
            format!("{}: refused, {code}{rule}", what.en),
            format!("{}：被拒绝，{code}{rule}", what.zh),
        );
        self.progress.refused(&words(
            format!("{}. {}", what.en, problem.detail),
            format!("{}。{}", what.zh, problem.detail_zh),
        ));
        let act = self.row(&what, actor, self.clock.to_string(), None);
        self.acts.push(act);
        self.progress.pause().await;
        Ok(())
    }

    fn row(&self, what: &Words, actor: &Actor, time: String, transaction: Option<&Transaction>) -> Act {
        Act {
            time,
            what: what.en.clone(),
            what_zh: what.zh.clone(),
            by: actor.title.en.clone(),
            by_zh: actor.title.zh.clone(),
            via: Some(self.network.nodes[actor.node].name),
            transaction: transaction.map(|t| t.id.clone()),
            height: transaction.map(|t| t.height),
        }
    }

    /// Lets days pass, one step of the clock a day, until it reads `until`.
    pub(super) async fn pass_days(&mut self, until: &str) -> Result<(), Failure> {
        let until = BlockTime::parse(until).map_err(|e| strange(&e))?;
        let (from, mut last) = (self.clock, None);
        while self.clock < until {
            let left = until.since(self.clock).as_millis();
            let yesterday = self.day();
            last = Some(self.step(Span::from_millis(left.min(DAY_MS))).await?);
            if self.day() > yesterday {
                self.progress.day(self.day(), &Day::of(self.clock).to_string()).await;
            }
        }
        let days = Day::of(until).number().saturating_sub(Day::of(from).number());
        if let Some(transaction) = last {
            let what = words(format!("the clock moves on by {days} d"), format!("时钟前移 {days} 天"));
            let act = self.row(&what, &self.timekeeper, self.clock.to_string(), Some(&transaction));
            self.acts.push(act);
        }
        Ok(())
    }

    /// Something done to a node, for the table.
    pub(super) fn operated(&mut self, node: usize, height: u64, what: Words) {
        self.progress.note(&what);
        self.acts.push(Act {
            time: self.clock.to_string(),
            what: what.en,
            what_zh: what.zh,
            by: "operator".into(),
            by_zh: "运维人员".into(),
            via: Some(self.network.nodes[node].name),
            transaction: None,
            height: Some(height),
        });
    }

    /// Lets minutes pass.
    pub(super) async fn pass_minutes(&mut self, minutes: u64) -> Result<(), Failure> {
        let transaction = self.step(Span::from_millis(minutes * 60_000)).await?;
        let what = words(format!("the clock moves on by {minutes} min"), format!("时钟前移 {minutes} 分钟"));
        self.progress
            .note(&words(format!("{}: {}", what.en, self.clock), format!("{}：{}", what.zh, self.clock)));
        let act = self.row(&what, &self.timekeeper, self.clock.to_string(), Some(&transaction));
        self.acts.push(act);
        Ok(())
    }

    async fn step(&mut self, by: Span) -> Result<Transaction, Failure> {
        let transaction = self
            .record(&self.timekeeper, Action::AdvanceClock(AdvanceClock { by_ms: by.as_millis() }))
            .await?;
        self.clock = self.clock.plus(by);
        Ok(transaction)
    }

    /// Days since the beginning.
    fn day(&self) -> u64 {
        let first = BlockTime::parse(GENESIS_TIME).map(Day::of).map(Day::number).unwrap_or_default();
        Day::of(self.clock).number().saturating_sub(first)
    }

    /// Waits until the listing has reached a stage by itself.
    pub(super) async fn until_stage(&mut self, stage: ListingStage, what: Words) -> Result<Listing, Failure> {
        let (began, path) = (Instant::now(), format!("/v1/listings/{}", self.deal()));
        let client = self.network.nodes[self.timekeeper.node].client.clone();
        loop {
            let listing: Listing = client.record(&path).await.map_err(|e| e.into_failure(client.url()))?;
            if listing.stage == stage {
                self.progress.note(&what);
                return Ok(listing);
            }
            if began.elapsed() > WAIT {
                return Err(Failure::incomplete(words(
                    format!(
                        "The listing is still {:?} where {stage:?} was due. Look at the nodes' logs.",
                        listing.stage
                    ),
                    format!("挂牌项目仍处于 {:?}，应已进入 {stage:?}。请查看节点日志。", listing.stage),
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until a record is as it should be; one that is not there yet counts as `null`.
    pub(super) async fn until(
        &self,
        node: usize,
        path: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let (began, client) = (Instant::now(), &self.network.nodes[node].client);
        loop {
            let record: Value = match client.record(path).await {
                Ok(record) => record,
                Err(ClientError::Refused(problem)) if problem.status == 404 => Value::Null,
                Err(error) => return Err(error.into_failure(client.url())),
            };
            if is_so(&record) {
                return Ok(record);
            }
            if began.elapsed() > SOON {
                return Err(strange(&format!("{path} is still {record}")));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The first page of a list.
    pub(super) async fn page(&self, node: usize, path: &str) -> Result<Vec<Value>, Failure> {
        let client = &self.network.nodes[node].client;
        client.page(path).await.map_err(|e| e.into_failure(client.url()))
    }

    /// Waits until a list is as it should be.
    pub(super) async fn until_page(
        &self,
        node: usize,
        path: &str,
        is_so: impl Fn(&[Value]) -> bool,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        while !is_so(&self.page(node, path).await?) {
            if began.elapsed() > SOON {
                return Err(strange(&format!("{path} is not complete")));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// What a record says under a JSON pointer, as one node knows it.
    pub(super) async fn ask(&self, node: usize, path: &str, pointer: &str) -> Result<Value, Failure> {
        let client = &self.network.nodes[node].client;
        let record: Value = client.record(path).await.map_err(|e| e.into_failure(client.url()))?;
        Ok(record.pointer(pointer).cloned().unwrap_or_default())
    }

    /// All rows: the acts, and between them what the ledger did by itself.
    pub(super) async fn finish(mut self) -> Result<Vec<Act>, Failure> {
        for filter in std::mem::take(&mut self.followed) {
            self.insert_events(&filter).await?;
        }
        Ok(self.acts)
    }

    async fn insert_events(&mut self, filter: &str) -> Result<(), Failure> {
        let client = &self.network.nodes[0].client;
        let path = format!("/v1/events?format=json&limit=1000&from=0.0&{filter}");
        let page: Value = client.get(&path).await.map_err(|e| e.into_failure(client.url()))?;
        let events: Vec<Event> = serde_json::from_value(page["data"].clone()).map_err(|e| strange(&e))?;
        // What the event is about is clear from the rows around it.
        let code = format!(" {}", filter.split_once('=').map_or("", |(_, code)| code));
        for event in events.iter().filter(|event| event.transaction.is_none()) {
            let what = describe(event);
            let act = Act {
                time: event.time.clone(),
                what: what.en.replace(&code, ""),
                what_zh: what.zh.replace(&code, ""),
                by: "the ledger".into(),
                by_zh: "账本".into(),
                via: None,
                transaction: None,
                height: Some(event.height),
            };
            // It happens before the transactions of its block.
            let at = |a: &Act| a.height.is_some_and(|h| h >= event.height) && a.via.is_some();
            let at = self.acts.iter().position(at).unwrap_or(self.acts.len());
            self.acts.insert(at, act);
        }
        Ok(())
    }
}

/// An answer that the demonstration's own data rules out.
pub(super) fn strange(error: &dyn std::fmt::Display) -> Failure {
    Failure::because(
        error,
        words("The demonstration cannot go on; look at the nodes' logs.", "演示无法继续，请查看节点日志。"),
    )
}
