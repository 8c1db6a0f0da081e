//! Who takes part in the demonstration. All of them are invented.

use crate::api::schema::Role;
use crate::cli::output::{Words, words};

/// A trading centre and its node.
pub(super) struct Centre {
    /// Name of the node and of its home.
    pub(super) node: &'static str,
    /// Unified social credit code.
    pub(super) code: &'static str,
    /// Name.
    pub(super) name: &'static str,
    /// Region (GB/T 2260).
    pub(super) region: &'static str,
    /// The city in Chinese.
    pub(super) city: &'static str,
}

/// The centres, in the order of their nodes.
#[rustfmt::skip]
pub(super) const CENTRES: [Centre; 4] = [
    Centre { node: "guangzhou", code: "12440100DEM0000149", name: "广州示例公共资源交易中心", region: "440100", city: "广州" },
    Centre { node: "shenzhen",  code: "12440300DEM000022E", name: "深圳示例公共资源交易中心", region: "440300", city: "深圳" },
    Centre { node: "zhuhai",    code: "12440400DEM000030E", name: "珠海示例公共资源交易中心", region: "440400", city: "珠海" },
    Centre { node: "zhongshan", code: "12442000DEM000049F", name: "中山示例公共资源交易中心", region: "442000", city: "中山" },
];

pub(super) const GUANGZHOU: usize = 0;
pub(super) const SHENZHEN: usize = 1;
pub(super) const ZHUHAI: usize = 2;
pub(super) const ZHONGSHAN: usize = 3;

/// An organisation that trades.
pub(super) struct Party {
    /// Name of its key file.
    pub(super) key: &'static str,
    /// Unified social credit code.
    pub(super) code: &'static str,
    /// Name.
    pub(super) name: &'static str,
    /// What it is called in progress lines, in English.
    pub(super) english: &'static str,
    /// Its role.
    pub(super) role: Role,
    /// The centre that admits it, and whose node it uses.
    pub(super) at: usize,
}

impl Party {
    /// What it is called.
    pub(super) fn title(&self) -> Words {
        words(self.english, self.name)
    }
}

/// The seller.
pub(super) const SELLER: Party = Party {
    key: "seller",
    code: "12440400DEM0000576",
    name: "珠海示例土地储备中心",
    english: "seller (Zhuhai)",
    role: Role::Seller,
    at: ZHUHAI,
};

/// The bank that issues the letters.
pub(super) const BANK: Party = Party {
    key: "bank",
    code: "91440300DEM00009X4",
    name: "深圳示例银行股份有限公司",
    english: "bank (Shenzhen)",
    role: Role::Guarantor,
    at: SHENZHEN,
};

/// The bidders; the first one wins.
#[rustfmt::skip]
pub(super) const BIDDERS: [Party; 3] = [
    Party { key: "bidder-guangzhou", code: "91440100DEM000065C", name: "广州示例置业有限公司", english: "bidder (Guangzhou)", role: Role::Bidder, at: GUANGZHOU },
    Party { key: "bidder-shenzhen",  code: "91440300DEM000073H", name: "深圳示例地产有限公司", english: "bidder (Shenzhen)",  role: Role::Bidder, at: SHENZHEN },
    Party { key: "bidder-zhongshan", code: "91442000DEM000081M", name: "中山示例开发有限公司", english: "bidder (Zhongshan)", role: Role::Bidder, at: ZHONGSHAN },
];

/// Who invites tenders.
pub(super) const ORGANISER: Party = Party {
    key: "organiser",
    code: "12440400DEM0001102",
    name: "珠海示例建设工程管理中心",
    english: "organiser (Zhuhai)",
    role: Role::Organiser,
    at: ZHUHAI,
};

/// Bidders in the tender beside those of the listing, each at the node of a centre near it.
#[rustfmt::skip]
pub(super) const MORE_BIDDERS: [Party; 3] = [
    Party { key: "bidder-zhuhai",   code: "91440400DEM000120X", name: "珠海示例建筑工程有限公司", english: "bidder (Zhuhai)",   role: Role::Bidder, at: ZHUHAI },
    Party { key: "bidder-foshan",   code: "91440600DEM0001309", name: "佛山示例路桥有限公司",     english: "bidder (Foshan)",   role: Role::Bidder, at: GUANGZHOU },
    Party { key: "bidder-dongguan", code: "91441900DEM0001406", name: "东莞示例市政工程有限公司", english: "bidder (Dongguan)", role: Role::Bidder, at: SHENZHEN },
];

/// Name of the key file of the second bidder's member of staff.
pub(super) const STAFF: &str = "bidder-shenzhen-staff";
/// Name of the key file that the second bidder's second certificate delegates to.
pub(super) const SECOND_DEVICE: &str = "bidder-shenzhen-second";

/// Credit code and name of whoever steps the clock.
pub(super) const TIMEKEEPER: (&str, &str) = ("12440000DEM000102J", "演示时钟管理者");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_credit_code_is_valid() {
        let parties =
            [&SELLER, &BANK, &ORGANISER].into_iter().chain(&BIDDERS).chain(&MORE_BIDDERS).map(|p| p.code);
        for code in CENTRES.iter().map(|c| c.code).chain(parties).chain([TIMEKEEPER.0]) {
            code.parse::<ledger::id::CreditCode>().unwrap();
        }
    }
}
