//! The command line against real nodes: enterprises enrol with certificates that openssl made, appoint staff, act in
//! every region with a second person's approval, and lose what is revoked, everywhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::id::credit_check;
use ledger::time::BlockTime;
use node::api::schema::{Action, SubmitResult};
use scenarios::acts::notice;
use scenarios::cluster::{Cluster, program};
use scenarios::homes::Clock;
use scenarios::openssl::{Authority, Kind};
use serde_json::{Value, json};

/// When mandates end.
const EXPIRES: &str = "2026-12-01T00:00:00+08:00";

/// The command line, in one working directory, for a cluster.
struct Shell<'a> {
    cluster: &'a Cluster,
    dir: PathBuf,
}

/// How a command ended and what it said.
struct Said {
    code: i32,
    out: Value,
    error: Value,
    text: String,
}

impl Shell<'_> {
    /// Runs `zhulian` against a node.
    fn run(&self, node: Option<usize>, arguments: &[&str]) -> Said {
        let mut command = Command::new(program());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ZHULIAN_")) {
            command.env_remove(name);
        }
        command.current_dir(&self.dir).args(arguments).args(["--output", "json", "--lang", "en"]);
        if let Some(node) = node {
            // What was recorded through one node is to be known at the others, whichever is asked next.
            let agree = || tokio::runtime::Handle::current().block_on(self.cluster.agree());
            tokio::task::block_in_place(agree);
            command.args(["--node", self.cluster.nodes[node].client.url()]);
        }
        let output = command.output().expect("the program runs");
        let read = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Said {
            code: output.status.code().unwrap_or(-1),
            out: read(&output.stdout),
            error: read(&output.stderr),
            text,
        }
    }

    fn ok(&self, node: usize, arguments: &[&str]) -> Value {
        let said = self.run(Some(node), arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.text);
        said.out
    }

    fn refused(&self, node: usize, arguments: &[&str], code: &str) {
        let said = self.run(Some(node), arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {}", said.text);
        assert_eq!(said.error["error"]["code"], code, "{arguments:?}: {}", said.text);
    }

    /// A new ledger key, and its public half.
    fn key(&self, name: &str) -> String {
        let said = self.run(None, &["key", "new", name, "--unencrypted"]);
        assert_eq!(said.code, 0, "{}", said.text);
        said.out["public_key"].as_str().expect("a key").to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.join(name), text).expect("a file");
    }

    fn operator(&self, node: usize) -> String {
        self.cluster.homes.homes[node].operator_key().display().to_string()
    }

    /// Puts an authority on the trust list by the votes of three centres, and tells its id.
    fn trust(&self, authority: &Authority, name: &str, algorithms: &[&str], list: &Path) -> String {
        let root = authority.root();
        let algorithms: Vec<&str> = algorithms.iter().flat_map(|name| ["--algorithm", name]).collect();
        let first = self.operator(0);
        let propose = ["ca", "propose", "--key", &first, "--name", name, "--root", path(&root)];
        let fresh = ["--max-age-hours", "32", "--grace-hours", "24", "--when-stale", "refuse"];
        let proposed = self.ok(0, &[propose.as_slice(), &algorithms, &fresh].concat());
        let change = proposed["result"]["id"].as_str().expect("an id");
        for other in [1, 2] {
            self.ok(other, &["governance", "approve", "--key", &self.operator(other), change]);
        }
        let listed = self.ok(0, &["ca", "list"]);
        let entry = listed.as_array().expect("a list").iter().find(|one| one["terms"]["name"] == name);
        let entry = entry.expect("the authority");
        assert_eq!(entry["terms"]["freshness"]["max_age_ms"], 115_200_000);
        let id = entry["id"].as_str().expect("an id").to_owned();
        self.ok(3, &["ca", "crl", "--key", &self.operator(3), &id, path(list)]);
        id
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn code(body: &str) -> String {
    format!("{body}{}", char::from(credit_check(body).expect("digits have a check character")))
}

fn time(text: &str) -> BlockTime {
    BlockTime::parse(text).expect("an instant")
}

/// The notice of a listing as a file for `zhulian submit`: its reserve price is 100,000,000 yuan.
fn listing(reserve: &str) -> String {
    let act = notice(time("2026-03-25T09:00:00+08:00"), time("2026-04-10T15:00:00+08:00"));
    let mut act = serde_json::to_value(Action::from(act)).expect("an act");
    act["prices"]["reserve"]["amount"] = json!(reserve);
    act.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_certificates_of_openssl_open_every_region_and_are_revoked_everywhere() {
    let cluster = Cluster::start(Clock::Stepped).await;
    let dir = tempfile::tempdir().expect("a directory");
    let shell = Shell { cluster: &cluster, dir: dir.path().into() };
    let authorities = dir.path().join("authorities");
    let usual = Authority::make(&authorities.join("p256"), Kind::P256);
    let national = Authority::make(&authorities.join("sm2"), Kind::Sm2);
    let (first, second) = ("20260301000000Z", "20260302000000Z");
    let of_usual = shell.trust(&usual, "示例电子认证", &["ecdsa_p256", "rsa"], &usual.list(first));
    let of_national = shell.trust(&national, "示例国密认证", &["sm2"], &national.list(first));

    // Three enterprises enrol through one node, each with another kind of key.
    let enterprises = [
        ("seller", Kind::P256, &usual, &of_usual, code("91440400100000001"), "seller"),
        ("bidder", Kind::Rsa, &usual, &of_usual, code("91440300100000002"), "bidder"),
        ("guomi", Kind::Sm2, &national, &of_national, code("91442000100000003"), "bidder"),
    ];
    let mut certificates = Vec::new();
    for (name, kind, authority, id, code, role) in &enterprises {
        let key = format!("{name}.key");
        let public = shell.key(&key);
        let (certificate, private) = authority.issue(name, *kind, code);
        #[rustfmt::skip]
        let mut enrol = vec![
            "enrol", "--key", &key, "--authority", id, "--chain", path(&certificate), "--certificate-key", path(&private),
            "--organisation", code, "--region", "440400", "--role", role, "--expires", EXPIRES,
        ];
        if *name == "seller" {
            shell.key("seller-second.key");
            enrol.extend([
                "--ledger-key",
                "seller-second.key",
                "--only-region",
                "440400",
                "--ceiling",
                "300000000.00",
            ]);
        }
        shell.ok(0, &enrol);
        certificates.push((certificate, private, public));
    }
    let status = shell.ok(2, &["cert", "status", path(&certificates[0].0)]);
    assert_eq!(status["data"]["status"], "valid");
    assert_eq!(status["data"]["organisation_name"], "示例企业seller");
    assert_eq!(status["data"]["keys"].as_array().map(Vec::len), Some(2));
    assert_eq!(status["data"]["keys"][0]["mandate"]["scope"]["ceiling"]["amount"], "300000000.00");

    // The key of another certificate signs nothing.
    let said = shell.run(
        Some(0),
        &[
            "cert",
            "revoke",
            "--key",
            &shell.operator(3),
            path(&certificates[1].0),
            "--reason",
            "superseded",
            "--certificate-key",
            path(&certificates[0].1),
        ],
    );
    assert!(said.code == 3 && said.text.contains("give the key that belongs to it"), "{}", said.text);

    // The seller appoints a person with a device of its own, up to an amount, and with a second approval above half of it.
    let seller = &enterprises[0].4;
    let staff = shell.key("staff.key");
    let offer = shell.ok(0, &["staff", "offer", "--key", "staff.key", "--organisation", seller]);
    shell.write("device.json", &offer.to_string());
    #[rustfmt::skip]
    let appoint = |node, ceiling: &str| shell.run(Some(node), &[
        "staff", "appoint", "--key", "seller.key", "--organisation", seller, "--device", "device.json", "--name", "张三",
        "--role", "seller", "--ceiling", ceiling, "--second-approval-above", "50000000.00", "--only-region", "440400",
        "--expires", EXPIRES,
    ]);
    let wide = appoint(1, "300000001.00");
    assert!(wide.code == 1 && wide.text.contains("mandate_too_wide"), "{}", wide.text);
    let appointed = appoint(1, "150000000.00");
    assert!(appointed.code == 0 && appointed.text.contains("--person-salt"), "{}", appointed.text);
    let listed = shell.ok(2, &["staff", "list", seller]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((listed[0]["key"].as_str(), listed[0]["status"].as_str()), (Some(&*staff), Some("active")));

    // Alone the person publishes nothing so large; with an approval it goes through another node; a changed draft does not.
    shell.write("listing.json", &listing("100000000.00"));
    shell.refused(2, &["submit", "--key", "staff.key", "listing.json"], "second_approval_missing");
    shell.ok(2, &["submit", "--key", "staff.key", "--write", "draft.json", "listing.json"]);
    shell.refused(2, &["submit", "--key", "staff.key", "draft.json"], "second_approval_missing");
    let own = shell.run(None, &["approve", "draft.json", "--key", "staff.key"]);
    assert_eq!(own.code, 3, "{}", own.text);
    let approved = shell.run(None, &["approve", "draft.json", "--key", "seller-second.key"]);
    assert_eq!(approved.code, 0, "{}", approved.text);
    assert_eq!(approved.out["approved_by"].as_array().map(Vec::len), Some(1));
    let draft = std::fs::read_to_string(dir.path().join("draft.json")).expect("a draft");
    shell.write("forged.json", &draft.replace("\"100000000.00\"", "\"120000000.00\""));
    let forged = shell.run(Some(3), &["submit", "--key", "staff.key", "forged.json"]);
    assert!(forged.code == 3 && forged.text.contains("was changed"), "{}", forged.text);
    let published = shell.ok(3, &["submit", "--key", "staff.key", "draft.json"]);
    assert_eq!(published["events"][0]["event"], "listing_published", "{published}");
    shell.write("large.json", &listing("150000001.00"));
    shell.ok(2, &["submit", "--key", "staff.key", "--write", "large-draft.json", "large.json"]);
    shell.run(None, &["approve", "large-draft.json", "--key", "seller-second.key"]);
    shell.refused(2, &["submit", "--key", "staff.key", "large-draft.json"], "amount_outside_mandate");

    // The person's key is taken out of use, and acts nowhere.
    shell.ok(0, &["staff", "revoke", "--key", "seller.key", &staff]);
    assert_eq!(shell.ok(3, &["staff", "show", &staff])["data"]["status"], "revoked");
    for node in 0..4 {
        shell.refused(node, &["submit", "--key", "staff.key", "listing.json"], "key_revoked");
    }

    // The RSA certificate revokes itself, carried by a centre; the authority's list revokes the seller's.
    let rsa = &certificates[1];
    #[rustfmt::skip]
    shell.ok(1, &[
        "cert", "revoke", "--key", &shell.operator(1), path(&rsa.0), "--reason", "key_compromise", "--certificate-key", path(&rsa.1),
    ]);
    assert_eq!(shell.ok(0, &["cert", "status", path(&rsa.0)])["data"]["revocation"]["source"], "holder");
    usual.revoke("seller", second);
    let list = usual.list(second);
    let recorded = shell.ok(2, &["ca", "crl", "--key", &shell.operator(2), &of_usual, path(&list)]);
    assert!(recorded["events"].to_string().contains("certificate_revoked"), "{recorded}");
    shell.refused(
        2,
        &["ca", "crl", "--key", &shell.operator(2), &of_usual, path(&list)],
        "revocation_list_not_newer",
    );
    cluster.agree().await;
    for node in 0..4 {
        for key in ["seller.key", "seller-second.key"] {
            shell.refused(node, &["submit", "--key", key, "listing.json"], "signers_certificate_revoked");
        }
    }
    shell.write(
        "confirm.json",
        &json!({ "act": "confirm_deal", "listing": published["events"][0]["listing"] }).to_string(),
    );
    shell.refused(3, &["submit", "--key", "bidder.key", "confirm.json"], "signers_certificate_revoked");

    // A day of block time later the lists are due, and later still too old: degraded, but ready.
    let ready = |answer: (u16, String)| (answer.0, serde_json::from_str::<Value>(&answer.1).expect("JSON"));
    let old = |answer: &Value| {
        answer["parts"].as_array().is_some_and(|parts| {
            parts.iter().any(|part| part["name"] == "revocation_data" && part["degraded"] == true)
        })
    };
    let (_, before) = ready(cluster.nodes[0].get("/readyz?verbose").await);
    assert!(old(&before), "a list of the day before is due: {before}");
    let stepped: SubmitResult = cluster.step(3 * 86_400_000).await;
    assert!(stepped.height.is_some());
    cluster.agree().await;
    let (status, after) = ready(cluster.nodes[0].get("/readyz").await);
    assert!(status == 200 && after["ready"] == true && old(&after), "{status}: {after}");
    assert!(after.to_string().contains(&of_national), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_doctor_finds_what_is_wrong_with_a_node_that_runs_or_is_stopped() {
    let mut cluster = Cluster::start(Clock::Real).await;
    cluster.admit(0).await;
    cluster.agree().await;
    let home = |cluster: &Cluster| cluster.homes.homes[0].root().display().to_string();
    let dir = tempfile::tempdir().expect("a directory");
    let ask = |cluster: &Cluster, more: &[&str]| {
        let shell = Shell { cluster, dir: dir.path().into() };
        shell.run(None, &[["doctor", "--home", &home(cluster)].as_slice(), more].concat())
    };
    let check = |said: &Said, name: &str| -> Value {
        let sections = said.out["sections"].as_array().unwrap_or_else(|| panic!("{}", said.text));
        let all = sections.iter().flat_map(|section| section["checks"].as_array().expect("checks"));
        let found: Vec<&Value> = all.filter(|check| check["name"] == name).collect();
        assert!(!found.is_empty(), "no check {name}: {}", said.text);
        found[0].clone()
    };

    let other = cluster.nodes[1].client.url().to_owned();
    let running = ask(&cluster, &["--peer", &other]);
    for name in [
        "configuration",
        "genesis",
        "consensus_key",
        "operator_key",
        "node",
        "version",
        "quorum",
        "peer",
        "disk_flush",
    ] {
        assert!(
            ["ok", "warn"].contains(&check(&running, name)["state"].as_str().expect("a state")),
            "{}",
            running.text
        );
    }
    assert!(check(&running, "consensus_key")["detail"].as_str().expect("a text").contains("votes for"));
    assert_ne!(running.code, 1, "{}", running.text);

    assert_eq!(cluster.nodes[0].stop().await, Some(0));
    let stopped = ask(&cluster, &[]);
    assert_ne!(stopped.code, 1, "{}", stopped.text);
    assert_eq!(check(&stopped, "last_blocks")["state"], "ok", "{}", stopped.text);
    assert_eq!(check(&stopped, "port")["state"], "ok", "{}", stopped.text);
    assert!(
        check(&stopped, "quorum")["detail"].as_str().expect("a text").starts_with("4 of 3"),
        "{}",
        stopped.text
    );

    // Keys that others can read, a port that is taken, and another centre's key each have their finding and advice.
    let key = cluster.homes.homes[0].consensus_key();
    set_mode(&key, 0o644);
    let open = ask(&cluster, &[]);
    assert!(
        open.code == 1 && check(&open, "consensus_key")["advice"].to_string().contains("chmod 600"),
        "{}",
        open.text
    );
    set_mode(&key, 0o600);
    let taken =
        std::net::TcpListener::bind(cluster.homes.places[0].http).expect("the port of a stopped node");
    let said = ask(&cluster, &[]);
    assert!(said.code == 1 && check(&said, "port")["state"] == "fail", "{}", said.text);
    drop(taken);
    std::fs::copy(cluster.homes.homes[1].operator_key(), &key).expect("a file");
    let strange = ask(&cluster, &[]);
    assert!(strange.code == 2 && check(&strange, "consensus_key")["state"] == "warn", "{}", strange.text);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a file");
}
