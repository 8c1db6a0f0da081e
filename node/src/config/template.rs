//! The configuration file as `zhulian init` writes it: complete, with a comment at every key.

use super::{Consensus, Disk, Documents, Keys, Log, Mempool, Peer, Snapshots, Store, Tenders};

/// What differs from node to node.
#[derive(Clone, Debug)]
pub struct NodeDescription {
    /// `node.name`.
    pub name: String,
    /// `node.genesis_hash`; empty until the members have agreed.
    pub genesis_hash: String,
    /// `network.listen`.
    pub listen: Vec<String>,
    /// `network.peer`.
    pub peers: Vec<Peer>,
    /// `api.listen`.
    pub api: String,
    /// `keys`.
    pub keys: Keys,
}

/// Writes the file.
pub fn render(node: &NodeDescription) -> String {
    let (mempool, consensus_times, store, disk, log) =
        (Mempool::default(), Consensus::default(), Store::default(), Disk::default(), Log::default());
    let NodeDescription { name, genesis_hash, listen, peers, api, keys } = node;
    let listen: String = listen.iter().map(|address| format!("    {address:?},\n")).collect();
    let peers = peer_tables(peers);
    let Mempool { transactions, bytes, per_organisation } = mempool;
    let Consensus { propose_ms, propose_delta_ms, prevote_ms, prevote_delta_ms, .. } = consensus_times;
    let Consensus { precommit_ms, precommit_delta_ms, future_ms, past_ms, heartbeat_seconds, .. } =
        consensus_times;
    let Store { block_cache_bytes, write_buffer_bytes, node_cache_bytes } = store;
    let Snapshots { every_blocks, keep, chunk_bytes, join, trust_block, backfill } = Snapshots::default();
    let Tenders { stamps_per_quarter } = Tenders::default();
    let Documents { bytes: documents_bytes, document_bytes, key_bytes } = Documents::default();
    let Keys { consensus, consensus_next, network, passphrase_from, pin_from, pkcs11_module } = keys;
    let (reserve_bytes, level) = (disk.reserve_bytes, log.level);
    format!(
        r#"# Zhulian node. Relative paths start at this file's directory. Every value can be overridden by an
# environment variable ZHULIAN_<SECTION>_<KEY>, for example ZHULIAN_API_LISTEN. `zhulian config check`
# checks this file; `zhulian config show` says which value comes from where.
# 珠联节点配置。相对路径以本文件所在目录为起点；各项均可用环境变量 ZHULIAN_<SECTION>_<KEY> 覆盖。

[node]
# Name in logs and metrics: 1 to 40 of a-z, 0-9 and '-'. 节点名称
name = {name:?}
# Where the ledger is kept. On its own disk if possible; it only grows. 账本目录
data_dir = "data"
# The genesis file, the same bytes at every member. 创世文件
genesis = "genesis.toml"
# SHA-256 of that file, as agreed with the other members over another channel (`zhulian genesis hash`).
# The node refuses to start from a file with another hash. 各成员经其他渠道核对一致的创世文件哈希
genesis_hash = {genesis_hash:?}
# The members' signatures under that hash (`zhulian genesis sign`). 各成员对创世哈希的签署
signoffs = "signoffs.toml"

[keys]
# The voting key: a file, or a key on a PKCS#11 token as "pkcs11:token=...;object=..." (RFC 7512). 投票密钥：文件或密码设备
consensus = {consensus:?}
# The voting key after it, which takes over by itself when the members put it in place. A file need not exist.
# 下一把投票密钥，成员批准后自动启用；文件可以尚不存在
consensus_next = {consensus_next:?}
# The network key: a file. 网络密钥文件
network = {network:?}
# Where the passphrase of encrypted key files comes from: prompt, file:PATH (mode 0600) or credential:NAME (systemd).
# Never the passphrase itself. 口令来源：终端输入、文件（权限 0600）或 systemd 凭据；此处不得填写口令本身
passphrase_from = {passphrase_from:?}
# The same for the PIN of a token, and the library that speaks to it. 密码设备 PIN 的来源，及其 PKCS#11 模块路径
pin_from = {pin_from:?}
pkcs11_module = {pkcs11_module:?}

[network]
# Addresses of the members' mesh: QUIC (/ip4/ADDRESS/udp/PORT/quic-v1) and TCP (/ip4/ADDRESS/tcp/PORT).
# 成员网络的监听地址
listen = [
{listen}]

# One section for each other member: its network key as in genesis, and where it can be dialled.
# A member connects to members only; a node that is about to join connects to these. 其他成员：网络公钥与地址
{peers}
[api]
# Address and port of the HTTP interface. Put a TLS proxy before it when it faces the internet.
# HTTP 接口地址；面向互联网时须置于 TLS 代理之后
listen = {api:?}
# Whether /readyz says not ready, rather than degraded, while the revocation data of a trusted authority is too old.
# 受信任机构的吊销数据过期时是否视为未就绪（默认仅提示）
fresh_revocation_data_required = false

[mempool]
# Transactions that wait to be recorded: most in number, in bytes, and of one organisation.
# 待入块交易上限：笔数、字节数、单一主体笔数
transactions = {transactions}
bytes = {bytes}
per_organisation = {per_organisation}

[consensus]
# Milliseconds until a silent proposer is passed over, and how much longer in each further round.
# 等待提案、预投票、预提交的毫秒数及逐轮增量
propose_ms = {propose_ms}
propose_delta_ms = {propose_delta_ms}
prevote_ms = {prevote_ms}
prevote_delta_ms = {prevote_delta_ms}
precommit_ms = {precommit_ms}
precommit_delta_ms = {precommit_delta_ms}
# A block dated further than this after or before our clock gets no vote. Keep clocks synchronised.
# 区块时间与本机时钟的最大允许偏差（毫秒）
future_ms = {future_ms}
past_ms = {past_ms}
# A block is made after this many seconds even when nothing happened. 无交易时的出块间隔（秒）
heartbeat_seconds = {heartbeat_seconds}

[store]
# Memory of the database in bytes: for what was read, for what is not yet in table files, and for nodes
# of the authenticated map. 数据库内存（字节）
block_cache_bytes = {block_cache_bytes}
write_buffer_bytes = {write_buffer_bytes}
node_cache_bytes = {node_cache_bytes}

[disk]
# With less free space than this the node stops taking part, and goes on by itself when there is room.
# 剩余空间低于此值时节点暂停参与，空间恢复后自动继续
reserve_bytes = {reserve_bytes}

[snapshots]
# A snapshot of the state is made for joining nodes at every height that is a multiple of this (0: never), and
# the newest ones are kept; each takes about as much disk as the state. 状态快照的制作间隔（区块数）与保留份数
every_blocks = {every_blocks}
keep = {keep}
# The pieces that others fetch have about this many bytes. 快照分块的大小（字节）
chunk_bytes = {chunk_bytes}
# Whether a node without a ledger joins by a snapshot instead of fetching every block. 新节点是否经状态快照加入
join = {join}
# HEIGHT:ID of a block that this node's operator trusts, for example the last one of another centre. Empty: the
# centres of the genesis are trusted, which suffices while they are the validators. 运行者信任的区块（高度:标识）
trust_block = {trust_block:?}
# Whether a node that joined by a snapshot fetches the older blocks afterwards. 加入后是否补取更早的区块
backfill = {backfill}

[documents]
# Encrypted documents of bids, kept in data/documents as a centre of the tenders' committees: most bytes of all of them, of
# one, and of those of one bidder's one-time key. 投标文件密文的保管上限（字节）：总量、单份、单个一次性密钥
bytes = {documents_bytes}
document_bytes = {document_bytes}
key_bytes = {key_bytes}

[tenders]
# Most admission stamps that this centre issues to one organisation in a quarter; one lets one bid into one tender.
# 本中心每季度向单一主体签发的投标准入凭证上限
stamps_per_quarter = {stamps_per_quarter}

[log]
# error, warn, info, debug, trace, or a filter such as "info,node::network=debug". 日志级别
level = {level:?}
# auto (text on a terminal, JSON elsewhere), text or json. 日志格式
format = "auto"
"#
    )
}

fn peer_tables(peers: &[Peer]) -> String {
    if peers.is_empty() {
        return "# [[network.peer]]\n# key = \"64 hexadecimal digits\"\n\
                # addresses = [\"/ip4/192.0.2.1/udp/7100/quic-v1\"]\n"
            .into();
    }
    let one = |peer: &Peer| {
        let addresses: Vec<String> = peer.addresses.iter().map(|a| format!("{:?}", a.to_string())).collect();
        format!("[[network.peer]]\nkey = \"{}\"\naddresses = [{}]\n", peer.key, addresses.join(", "))
    };
    peers.iter().map(one).collect::<Vec<_>>().join("\n")
}
