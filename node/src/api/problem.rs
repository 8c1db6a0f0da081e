//! Refusals of the API as problem documents (RFC 9457).

use std::borrow::Cow;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::execute::rejection::Rejection;
use ledger::state::StateError;
use ledger::store::StoreError;
use ledger::transaction::TransactionError;

use super::schema::Problem;
use crate::handle::Refusal;

/// Media type of a problem document.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Declares the API's own problems. Codes never change their meaning.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $en:literal, $zh:literal;)*) => {
        /// A problem that is the API's own and not a rule of the ledger.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            const fn row(self) -> (StatusCode, &'static str, &'static str, &'static str) {
                match self { $(Self::$name => (StatusCode::$status, $code, $en, $zh),)* }
            }
        }
    };
}

codes! {
    /// A query parameter that the endpoint does not have.
    UnknownParameter = BAD_REQUEST, "unknown_parameter",
        "The endpoint has no such query parameter.", "该接口没有此查询参数。";
    /// A query parameter given twice.
    RepeatedParameter = BAD_REQUEST, "repeated_parameter",
        "The query parameter is given more than once.", "查询参数重复。";
    /// A query parameter whose value does not fit.
    InvalidParameter = BAD_REQUEST, "invalid_parameter",
        "The value of the query parameter is not valid.", "查询参数的值无效。";
    /// A part of the path that does not name anything.
    InvalidPath = BAD_REQUEST, "invalid_path",
        "A part of the path is not valid.", "路径中的标识无效。";
    /// A header whose value does not fit.
    InvalidHeader = BAD_REQUEST, "invalid_header",
        "The value of the header is not valid.", "请求头的值无效。";
    /// Bytes that are not a transaction of this chain.
    MalformedTransaction = BAD_REQUEST, "malformed_transaction",
        "The body is not a transaction of this chain.", "请求体不是本链的交易。";
    /// A signature that does not verify.
    InvalidSignature = BAD_REQUEST, "invalid_signature",
        "The signature does not verify. It must be made for this chain id.",
        "签名验证未通过。签名须针对本链标识作出。";
    /// A batch that is not the CBOR asked for.
    MalformedBatch = BAD_REQUEST, "malformed_batch",
        "The body is not a CBOR array of byte strings, one transaction each.",
        "请求体不是以字节串为元素的CBOR数组，每个元素为一笔交易。";
    /// Nothing at this path.
    NoSuchPath = NOT_FOUND, "no_such_path",
        "There is nothing at this path. See /openapi.json.", "该路径不存在，请参阅 /openapi.json。";
    /// Nothing of this name on the ledger.
    NotFound = NOT_FOUND, "not_found",
        "The ledger has nothing of this name.", "账本中没有该标识对应的记录。";
    /// A method that the path does not have.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed",
        "The path does not have this method. See the header Allow.", "该路径不支持此方法，请参阅响应头 Allow。";
    /// A body that did not arrive in time.
    BodyTimeout = REQUEST_TIMEOUT, "body_timeout",
        "The body did not arrive in time.", "请求体未能及时到达。";
    /// A body above the limit.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large",
        "The body is larger than allowed.", "请求体超过允许的大小。";
    /// A batch above the limit.
    BatchTooLong = PAYLOAD_TOO_LARGE, "batch_too_long",
        "The batch has more transactions than allowed.", "批量中的交易数超过允许的数量。";
    /// A media type that is not taken.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type",
        "Send one transaction as application/cose, or a batch as application/cbor.",
        "单笔交易请以 application/cose 提交，批量请以 application/cbor 提交。";
    /// The organisation waits with too much.
    QuotaExceeded = TOO_MANY_REQUESTS, "quota_exceeded",
        "The organisation has as many waiting transactions as it may. Wait until some are recorded.",
        "该主体待处理的交易已达上限，请待部分交易记账后再提交。";
    /// The mempool is full.
    MempoolFull = SERVICE_UNAVAILABLE, "mempool_full",
        "The node has as many waiting transactions as it may. Try again shortly or at another node.",
        "本节点待处理的交易已达上限，请稍后重试或改用其他节点。";
    /// No transactions now.
    NotReady = SERVICE_UNAVAILABLE, "not_ready",
        "The node takes no transactions now. Submit through another node.",
        "本节点暂不接收交易，请改用其他节点。";
    /// As many requests as can be served.
    Busy = SERVICE_UNAVAILABLE, "busy",
        "The node is serving as many requests as it can. Try again shortly.",
        "本节点正在处理的请求已达上限，请稍后重试。";
    /// What is asked for is older than what this node holds.
    NotHeldHere = GONE, "not_held_here",
        "This node joined by a state snapshot and does not hold what is asked for. Ask another centre's node.",
        "本节点经状态快照加入，不持有所查询的历史数据，请向其他中心的节点查询。";
    /// The node has no ledger yet.
    Joining = SERVICE_UNAVAILABLE, "joining",
        "The node is joining and has no ledger yet. Ask another centre's node.",
        "本节点正在加入网络，尚无账本，请向其他中心的节点查询。";
    /// The node did not answer in time.
    NoAnswer = GATEWAY_TIMEOUT, "no_answer",
        "The node did not answer in time. The transactions may still be recorded: look them up by their ids.",
        "节点未能及时答复。交易仍可能被记账，请按交易标识查询。";
    /// Too few centres have signed the log so far.
    NotFinalYet = SERVICE_UNAVAILABLE, "not_final_yet",
        "Too few centres have signed the log with this in it so far. Try again in a second.",
        "包含该内容的日志尚未由足够的交易中心签署，请稍后重试。";
    /// Bytes that are no ticket.
    MalformedTicket = BAD_REQUEST, "malformed_ticket",
        "The body is not a ticket for uploading a document.", "请求体不是文件上传凭证。";
    /// A ticket that lets nobody in.
    InvalidTicket = FORBIDDEN, "invalid_ticket",
        "The ticket lets nobody in. Sign it with the one-time key and its admission stamp.",
        "上传凭证无效，请以一次性密钥及其准入凭证签署。";
    /// The tender takes no bids.
    TenderTakesNoDocuments = CONFLICT, "tender_takes_no_documents",
        "The tender takes no documents now.", "该招标项目当前不接收文件。";
    /// Announced otherwise before.
    DocumentConflict = CONFLICT, "document_conflict",
        "The document is announced for another bid. Encrypt it anew.", "该文件已为其他投标登记，请重新加密。";
    /// Too long.
    DocumentLength = PAYLOAD_TOO_LARGE, "document_length",
        "The document is empty, too long, or longer than announced.", "文件为空、过大或超出登记的长度。";
    /// Too much under one key.
    DocumentQuota = TOO_MANY_REQUESTS, "document_quota",
        "Under this one-time key no more documents are taken here.", "该一次性密钥在本中心的文件额度已用尽。";
    /// The disk is full.
    NoRoomForDocuments = INSUFFICIENT_STORAGE, "no_room_for_documents",
        "This node has no room for the document. Upload to another centre of the committee.",
        "本节点空间不足，请上传至该项目其他交易中心。";
    /// No such upload.
    UploadUnknown = NOT_FOUND, "upload_unknown",
        "There is no such upload. Announce the document again; what is here already stays.",
        "不存在该上传任务，请重新登记文件，已上传部分不受影响。";
    /// Not where the upload stands.
    UploadOffset = CONFLICT, "upload_offset",
        "The piece does not follow. Ask where the upload stands and go on there.",
        "分片位置不连续，请查询上传进度后续传。";
    /// Another hash.
    DocumentDiffers = UNPROCESSABLE_ENTITY, "document_differs",
        "The bytes are not those that were announced. Upload them again.", "文件内容与登记的哈希不符，请重新上传。";
    /// Not all of it is here.
    DocumentNotHeldHere = NOT_FOUND, "document_not_held_here",
        "This node does not hold the document. Ask another centre of the committee.",
        "本节点未保管该文件，请向该项目其他交易中心查询。";
    /// This node takes none.
    KeepsNoDocuments = CONFLICT, "keeps_no_documents",
        "This node keeps no documents for this tender.", "本节点不保管该项目的文件。";
    /// No key for stamps.
    NoStampKey = CONFLICT, "no_stamp_key",
        "Take a key for admission stamps from /v1/stamp-keys and ask its centre.",
        "请从 /v1/stamp-keys 选取准入凭证公钥，并向对应的交易中心申请。";
    /// No more stamps.
    StampQuota = TOO_MANY_REQUESTS, "stamp_quota",
        "This centre issues no more admission stamps to the organisation in this quarter. Ask another centre.",
        "本中心本季度向该主体签发的准入凭证已达上限，请向其他中心申请。";
    /// No more arrivals.
    TooManyArrivals = TOO_MANY_REQUESTS, "too_many_arrivals",
        "This centre signs no more arrivals for this one-time key.", "本中心不再为该一次性密钥签署送达时间。";
    /// The store failed.
    Internal = INTERNAL_SERVER_ERROR, "internal",
        "The node could not read its ledger. Its log says why.", "节点无法读取账本，原因见节点日志。";
}

/// A request that is not answered as asked. Boxed, because answers are far more often good.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    problem: Box<Problem>,
    retry_after: bool,
}

impl Fault {
    pub(crate) fn new(code: Code) -> Self {
        let (status, code, en, zh) = code.row();
        Self::of(status, code, en.into(), zh.into())
    }

    /// A problem with a field or parameter: `reason` is added to the English text.
    pub(crate) fn field(code: Code, field: &str, reason: impl std::fmt::Display) -> Self {
        let mut fault = Self::new(code).because(reason);
        fault.problem.field = Some(field.to_owned());
        fault
    }

    /// What is asked for is older than the first height of which `what` is held.
    pub(crate) fn not_held(what: &str, from: u64) -> Self {
        Self::new(Code::NotHeldHere).because(format_args!("It holds {what} from height {from} on"))
    }

    /// Adds what was found, in English, as the parts that are at fault say it.
    pub(crate) fn because(mut self, reason: impl std::fmt::Display) -> Self {
        let problem = &mut self.problem;
        problem.detail = format!("{} {reason}.", problem.detail);
        self
    }

    fn of(
        status: StatusCode,
        code: &'static str,
        detail: Cow<'static, str>,
        detail_zh: Cow<'static, str>,
    ) -> Self {
        let retry_after = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let problem = Box::new(Problem {
            kind: format!("urn:zhulian:problem:{code}"),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: detail.into_owned(),
            detail_zh: detail_zh.into_owned(),
            code: code.to_owned(),
            rule: None,
            field: None,
        });
        Self { problem, retry_after }
    }

    /// The document.
    pub(crate) fn into_problem(self) -> Problem {
        *self.problem
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status(), self.retry_after);
        let mut response = (status, Json(*self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        let status = match rejection {
            Rejection::AlreadyRecorded => StatusCode::CONFLICT,
            Rejection::UnknownKey | Rejection::RoleNotPermitted => StatusCode::FORBIDDEN,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut fault =
            Self::of(status, rejection.code(), rejection.english().into(), rejection.chinese().into());
        fault.problem.rule = Some(rejection.number());
        fault
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed(TransactionError::Signature(_)) => Self::new(Code::InvalidSignature),
            Refusal::Malformed(error) => Self::new(Code::MalformedTransaction).because(error),
            Refusal::Rejected(rejection) => rejection.into(),
            Refusal::MempoolFull => Self::new(Code::MempoolFull),
            Refusal::QuotaExceeded => Self::new(Code::QuotaExceeded),
            Refusal::NotReady => Self::new(Code::NotReady),
        }
    }
}

/// What went wrong inside is for the log, not for the client.
fn internal(error: &dyn std::fmt::Display) -> Fault {
    tracing::error!(%error, "a request failed: the ledger could not be read; check the disk and run the store's check");
    Fault::new(Code::Internal)
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotHeld { from, .. } => Self::not_held("transactions and certificates", from),
            error => internal(&error),
        }
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        internal(&error)
    }
}

impl From<tokio::task::JoinError> for Fault {
    fn from(error: tokio::task::JoinError) -> Self {
        internal(&error)
    }
}

/// A stored value that does not decode.
pub(crate) fn damaged(what: &str, error: &dyn std::fmt::Display) -> Fault {
    internal(&format_args!("{what} in the store is damaged: {error}"))
}
