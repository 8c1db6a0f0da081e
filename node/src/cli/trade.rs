//! Acts of a trade from the command line, each a thin wrapper over `submit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::hash::DocumentHash;
use ledger::time::{BlockTime, DAY_MS, Span};
use serde::Deserialize;

use super::output::{Console, Exit, Failure, words};
use super::sign::SignArgs;
use super::submit::read;
use crate::api::schema::{
    Action, Amount, Clock, ConfirmDeal, Currency, DepositGuarantee, IssueGuarantee, Prices, PublishListing,
    PublishResult, RecordContract, ReleaseGuarantee, Resource, Status, SubmitQuote,
};

/// A listing.
#[derive(Subcommand)]
pub(crate) enum Listing {
    /// Publish the notice of a land-use right listing 发布挂牌公告
    #[command(after_help = "Example 示例:\n  zhulian listing publish examples/listing.toml --key seller.key")]
    Publish {
        /// The listing; see examples/listing.toml
        file: PathBuf,
        #[command(flatten)]
        sign: SignArgs,
    },
}

/// Quote a price.
#[derive(Args)]
#[command(after_help = "Example 示例:\n  zhulian quote B01-...-000001-7 102000000.00 --key bidder.key")]
pub(crate) struct Quote {
    /// Deal code of the listing 交易标识码
    listing: String,
    /// The price in yuan 报价（元）
    price: String,
    #[command(flatten)]
    sign: SignArgs,
}

/// Letters of guarantee.
#[derive(Subcommand)]
pub(crate) enum Guarantee {
    /// Issue a letter for a bidder in a listing 开立保函
    #[command(
        after_help = "Example 示例:\n  zhulian guarantee issue LG-1 --applicant 91440100DEM000065C \\\n    \
        --listing B01-...-000001-7 --amount 20000000.00 --expires-at 2026-06-30T18:00:00+08:00 --key bank.key"
    )]
    Issue {
        /// The guarantor's number for it 保函编号
        number: String,
        /// Credit code of the bidder 申请人
        #[arg(long)]
        applicant: String,
        /// Deal code of the listing 交易标识码
        #[arg(long)]
        listing: String,
        /// Maximum amount in yuan 保函金额（元）
        #[arg(long)]
        amount: String,
        /// When it ends (RFC 3339) 失效时间
        #[arg(long)]
        expires_at: String,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// Deposit a letter and so qualify for a listing 递交保函
    #[command(
        after_help = "Example 示例:\n  zhulian guarantee deposit 91440300DEM00009X4:LG-1 --listing B01-...-000001-7 --key bidder.key"
    )]
    Deposit {
        /// The letter, GUARANTOR:NUMBER 保函
        guarantee: String,
        /// Deal code of the listing 交易标识码
        #[arg(long)]
        listing: String,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// Sign a letter that goes inside a sealed bid 签发密封投标保函
    SignBond(Box<super::bid::SignBond>),
    /// Release a letter as its beneficiary 解除保函
    #[command(
        after_help = "Example 示例:\n  zhulian guarantee release 91440300DEM00009X4:LG-1 --key seller.key"
    )]
    Release {
        /// The letter, GUARANTOR:NUMBER 保函
        guarantee: String,
        #[command(flatten)]
        sign: SignArgs,
    },
}

/// Deals.
#[derive(Subcommand)]
pub(crate) enum Deal {
    /// Confirm a deal as its seller or winner 签订成交确认书
    #[command(after_help = "Example 示例:\n  zhulian deal confirm B01-...-000001-7 --key seller.key")]
    Confirm {
        /// Deal code of the listing 交易标识码
        listing: String,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// Publish the confirmed result as the hosting centre 公示成交结果
    #[command(after_help = "Example 示例:\n  zhulian deal publish B01-...-000001-7 --key zh/operator.key")]
    Publish {
        /// Deal code of the listing 交易标识码
        listing: String,
        #[command(flatten)]
        sign: SignArgs,
    },
}

/// Contracts.
#[derive(Subcommand)]
pub(crate) enum Contract {
    /// Record a contract by the hash of its document, which stays here 合同备案
    #[command(
        after_help = "Example 示例:\n  zhulian contract record contract.pdf --listing B01-...-000001-7 --key seller.key"
    )]
    Record {
        /// The contract document 合同文件
        document: PathBuf,
        /// Deal code of the listing 交易标识码
        #[arg(long)]
        listing: String,
        #[command(flatten)]
        sign: SignArgs,
    },
}

impl Listing {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let Self::Publish { file, sign } = self;
        let listing: ListingFile = read(&file)?;
        let (_, status) = sign.nodes()?.chain().await?;
        let act = listing.resolve(now(&status)).map_err(|reason| Failure {
            exit: Exit::Usage,
            ..Failure::because(
                format!("{}: {reason}", file.display()),
                words("Nothing was signed; correct the file.", "未签署任何内容，请修改文件。"),
            )
        })?;
        sign.submit(vec![Action::PublishListing(act)], console).await
    }
}

impl Quote {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let act = SubmitQuote { listing: self.listing, price: yuan(self.price) };
        self.sign.submit(vec![Action::SubmitQuote(act)], console).await
    }
}

impl Guarantee {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let (act, sign) = match self {
            Self::SignBond(sign) => return sign.run(console),
            Self::Issue { number, applicant, listing, amount, expires_at, sign } => {
                let act = IssueGuarantee { number, applicant, listing, amount: yuan(amount), expires_at };
                (Action::IssueGuarantee(act), sign)
            }
            Self::Deposit { guarantee, listing, sign } => {
                (Action::DepositGuarantee(DepositGuarantee { listing, guarantee }), sign)
            }
            Self::Release { guarantee, sign } => {
                (Action::ReleaseGuarantee(ReleaseGuarantee { guarantee }), sign)
            }
        };
        sign.submit(vec![act], console).await
    }
}

impl Deal {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let (act, sign) = match self {
            Self::Confirm { listing, sign } => (Action::ConfirmDeal(ConfirmDeal { listing }), sign),
            Self::Publish { listing, sign } => (Action::PublishResult(PublishResult { listing }), sign),
        };
        sign.submit(vec![act], console).await
    }
}

impl Contract {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let Self::Record { document, listing, sign } = self;
        let bytes = std::fs::read(&document).map_err(|e| {
            Failure::because(
                format!("{}: {e}", document.display()),
                words("Nothing was signed; give the contract document.", "未签署任何内容，请指定合同文件。"),
            )
        })?;
        let act = RecordContract { listing, document: DocumentHash::of(&bytes).to_string() };
        sign.submit(vec![Action::RecordContract(act)], console).await
    }
}

/// An amount of yuan.
pub(crate) fn yuan(amount: String) -> Amount {
    Amount { amount, currency: Currency::Cny }
}

/// What the network's clock reads, or this machine's where the network's time is real.
pub(crate) fn now(status: &Status) -> BlockTime {
    let machine = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        BlockTime::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX)).ok()
    };
    let read = match &status.clock {
        Clock::Stepped { reads, .. } => BlockTime::parse(reads).ok(),
        Clock::Real => machine(),
    };
    read.unwrap_or_default()
}

/// A listing as a person writes it; see examples/listing.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListingFile {
    centre: String,
    title: String,
    region: String,
    resource: Resource,
    prices: Prices,
    opens_at: Option<String>,
    closes_at: Option<String>,
    opens: Option<After>,
    closes: Option<After>,
}

/// Whole days later, at a time of day in China.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    days: u64,
    time: String,
}

impl After {
    fn resolve(&self, start: BlockTime) -> Option<BlockTime> {
        let (hour, minute) = self.time.split_once(':')?;
        let (hour, minute): (u64, u64) = (hour.parse().ok()?, minute.parse().ok()?);
        if hour > 23 || minute > 59 || self.days > 3_660 {
            return None;
        }
        let midnight = BlockTime::end_of_china_day(start.china_day().checked_add(self.days)?.checked_sub(1)?);
        Some(midnight.plus(Span::from_millis((hour * 60 + minute) * (DAY_MS / 1_440))))
    }
}

/// An instant, or whole days later at a time of day in China.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Moment {
    At(String),
    After(After),
}

impl Moment {
    /// The instant, counted from `start`.
    pub(crate) fn after(&self, start: BlockTime) -> Result<BlockTime, String> {
        match self {
            Self::At(text) => BlockTime::parse(text).map_err(|e| format!("{text}: {e}")),
            Self::After(after) => after
                .resolve(start)
                .ok_or_else(|| "write an instant, or { days = 21, time = \"09:00\" }".to_owned()),
        }
    }
}

impl ListingFile {
    /// The act, with instants counted from `now`.
    pub(crate) fn resolve(self, now: BlockTime) -> Result<PublishListing, String> {
        let opens_at = instant("opens", self.opens_at, self.opens, now)?;
        let closes_at = instant("closes", self.closes_at, self.closes, opens_at)?;
        Ok(PublishListing {
            centre: self.centre,
            title: self.title,
            region: self.region,
            resource: self.resource,
            prices: self.prices,
            opens_at: opens_at.to_string(),
            closes_at: closes_at.to_string(),
        })
    }
}

fn instant(
    name: &str,
    absolute: Option<String>,
    after: Option<After>,
    start: BlockTime,
) -> Result<BlockTime, String> {
    match (absolute, after) {
        (Some(text), None) => BlockTime::parse(&text).map_err(|e| format!("{name}_at: {e}")),
        (None, Some(after)) => {
            after.resolve(start).ok_or_else(|| format!("{name}: write days = 21 and time = \"09:00\""))
        }
        _ => Err(format!("give either {name}_at or the section [{name}], not both")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_day_in_china() {
        let cases = [
            ("2026-03-02T09:00:00+08:00", 21, "09:00", Some("2026-03-23T09:00:00+08:00")),
            ("2026-03-02T23:59:00+08:00", 0, "00:00", Some("2026-03-02T00:00:00+08:00")),
            ("2026-03-23T09:00:00+08:00", 11, "15:30", Some("2026-04-03T15:30:00+08:00")),
            ("2026-03-23T09:00:00+08:00", 11, "24:00", None),
            ("2026-03-23T09:00:00+08:00", 11, "9", None),
            ("2026-03-23T09:00:00+08:00", u64::MAX, "09:00", None),
        ];
        for (start, days, time, expected) in cases {
            let found = After { days, time: time.into() }.resolve(BlockTime::parse(start).unwrap());
            assert_eq!(found.map(|t| t.to_string()).as_deref(), expected, "{start} + {days} at {time}");
        }
    }

    #[test]
    fn the_example_listing_is_an_act_of_the_ledger() {
        let file: ListingFile = toml::from_str(include_str!("../../../examples/listing.toml")).unwrap();
        let act = file.resolve(BlockTime::parse("2026-03-02T09:00:00+08:00").unwrap()).unwrap();
        assert_eq!(
            (act.opens_at.as_str(), act.closes_at.as_str()),
            ("2026-03-23T09:00:00+08:00", "2026-04-03T15:00:00+08:00")
        );
        ledger::action::Action::try_from(Action::PublishListing(act)).unwrap();
    }
}
