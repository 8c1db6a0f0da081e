//! Scenarios: the whole system under test, its adversaries, and the workloads that measure it.

pub mod acts;
pub mod adversary;
pub mod audit;
pub mod auditor;
pub mod bench;
pub mod chain;
pub mod cluster;
pub mod ground;
pub mod homes;
pub mod hostile;
pub mod load;
pub mod openssl;
pub mod proxy;
pub mod records;
pub mod sim;
pub mod targets;
pub mod workload;
