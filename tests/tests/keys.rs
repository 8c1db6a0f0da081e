//! Nodes whose keys do not lie open: encrypted files, and a voting key on a token that comes and goes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::crypto::PublicKey;
use node::api::schema::Phase;
use node::keys::{KeyFile, Passphrase, Secret};
use scenarios::cluster::{Cluster, PATIENCE, until};
use scenarios::homes::Clock;
use scenarios::records::block;

const PASSPHRASE: &str = "correct horse battery staple";
const PIN: &str = "31415926";
/// Where Debian keeps SoftHSM2.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

fn private(path: &Path, text: &[u8]) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a mode");
}

/// Encrypts the voting and the network key of a home in place, and tells the node where the passphrase is.
fn encrypt(cluster: &mut Cluster, node: usize) {
    let home = cluster.homes.homes[node].clone();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned().into()).expect("a passphrase");
    for path in [home.consensus_key(), home.network_key()] {
        let key = KeyFile::Ledger(Secret::read(&path).expect("a key file"));
        key.replace(&path, Some(&passphrase)).expect("room on the disk");
        assert!(fs::read(&path).expect("a key file").starts_with(b"-----BEGIN AGE ENCRYPTED FILE"));
    }
    private(&home.root().join("passphrase"), PASSPHRASE.as_bytes());
    // Relative to the home, as in its configuration.
    cluster.nodes[node].set("ZHULIAN_KEYS_PASSPHRASE_FROM", "file:passphrase");
}

/// A directory of tokens of SoftHSM2.
struct Tokens {
    dir: PathBuf,
}

impl Tokens {
    /// One token with the voting key of a node, which is then nowhere else.
    fn take(cluster: &mut Cluster, node: usize) -> Self {
        let home = cluster.homes.homes[node].clone();
        let this = Self { dir: cluster.homes.dir().join("softhsm") };
        fs::create_dir_all(this.tokens()).expect("a directory");
        let conf = format!("directories.tokendir = {}\nlog.level = ERROR\n", this.tokens().display());
        fs::write(this.conf(), conf).expect("a file");
        let seed = Secret::read(&home.consensus_key()).expect("a key file");
        // PKCS#8 (RFC 8410, section 7).
        let header = hex("302e020100300506032b657004220420");
        private(&this.dir.join("vote.der"), &[header.as_slice(), seed.seed().as_slice()].concat());
        run("openssl", &this, &["pkey", "-inform", "DER", "-in", "vote.der", "-out", "vote.pem"]);
        let pins = ["--pin", PIN, "--so-pin", "27182818"];
        run("softhsm2-util", &this, &[&["--init-token", "--free", "--label", "gz"][..], &pins].concat());
        let key = ["--token", "gz", "--label", "vote", "--id", "01", "--pin", PIN];
        run("softhsm2-util", &this, &[&["--import", "vote.pem"][..], &key].concat());
        for file in [this.dir.join("vote.der"), this.dir.join("vote.pem"), home.consensus_key()] {
            fs::remove_file(file).expect("a file");
        }
        private(&home.root().join("pin"), PIN.as_bytes());
        let settings = [
            ("ZHULIAN_KEYS_CONSENSUS", "pkcs11:token=gz;object=vote".to_owned()),
            ("ZHULIAN_KEYS_PIN_FROM", "file:pin".to_owned()),
            ("ZHULIAN_KEYS_PKCS11_MODULE", MODULE.to_owned()),
            ("SOFTHSM2_CONF", this.conf().display().to_string()),
        ];
        settings.into_iter().for_each(|(name, value)| cluster.nodes[node].set(name, value));
        this
    }

    fn tokens(&self) -> PathBuf {
        self.dir.join("tokens")
    }

    fn conf(&self) -> PathBuf {
        self.dir.join("softhsm.conf")
    }

    /// Takes every token away, and whatever is on it.
    fn pull_out(&self) {
        fs::rename(self.tokens(), self.dir.join("drawer")).expect("a directory");
        fs::create_dir(self.tokens()).expect("a directory");
    }

    fn plug_in(&self) {
        fs::remove_dir_all(self.tokens()).expect("a directory");
        fs::rename(self.dir.join("drawer"), self.tokens()).expect("a directory");
    }
}

fn run(program: &str, tokens: &Tokens, args: &[&str]) {
    let mut command = Command::new(program);
    command.current_dir(&tokens.dir).env("SOFTHSM2_CONF", tokens.conf()).args(args);
    let output = command.output().expect("the program is installed");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&said));
}

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect()
}

/// Has acts recorded until a block is decided with a precommit of this key.
async fn until_it_votes(cluster: &Cluster, key: &PublicKey) {
    let key = key.to_string();
    until(&format!("a vote of {key}"), PATIENCE, async || {
        let height = cluster.admit(0).await.height?;
        let found = block(&cluster.nodes[0].client, height).await;
        found.certificate.signers.contains(&key).then_some(())
    })
    .await;
}

/// What a log, and the surfaces of a process that others can read, must not hold.
fn assert_no_secret(cluster: &Cluster, node: usize, secrets: &[&[u8]]) {
    let procfs = PathBuf::from(format!("/proc/{}", cluster.nodes[node].pid().expect("a process")));
    let surfaces = [
        cluster.nodes[node].log().into_bytes(),
        fs::read(procfs.join("cmdline")).expect("the arguments"),
        fs::read(procfs.join("environ")).expect("the environment"),
    ];
    for (secret, surface) in secrets.iter().flat_map(|s| surfaces.iter().map(move |t| (*s, t))) {
        assert!(!surface.windows(secret.len()).any(|window| window == secret), "a secret shows");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_encrypted_keys_and_a_key_on_a_token_take_part() {
    let mut cluster = Cluster::prepare(Clock::Real);
    let (encrypted, held) = (cluster.homes.voter(0).public_key(), cluster.homes.voter(1).public_key());
    let seed = Secret::read(&cluster.homes.homes[0].consensus_key()).expect("a key file");
    encrypt(&mut cluster, 0);
    // Without its passphrase the node does not start, and says what to do.
    cluster.nodes[0].set("ZHULIAN_KEYS_PASSPHRASE_FROM", "credential:keys");
    let (code, said) = cluster.nodes[0].refused_start().await;
    assert!(code == Some(1) && said.contains("LoadCredentialEncrypted"), "{code:?}: {said}");
    cluster.nodes[0].set("ZHULIAN_KEYS_PASSPHRASE_FROM", "file:passphrase");

    if Command::new("softhsm2-util").arg("--version").output().is_err() {
        eprintln!(
            "LEFT OUT: a voting key on a token; softhsm2 is missing, scripts/setup.sh checks installs it"
        );
        cluster.start_all().await;
        return until_it_votes(&cluster, &encrypted).await;
    }
    let tokens = Tokens::take(&mut cluster, 1);
    cluster.nodes[1].set("ZHULIAN_LOG_LEVEL", "debug");
    cluster.start_all().await;
    until_it_votes(&cluster, &encrypted).await;
    until_it_votes(&cluster, &held).await;
    // A crash: the consensus log opens again, whose key follows from a signature of the token.
    cluster.nodes[1].kill();
    cluster.start_all().await;
    until_it_votes(&cluster, &held).await;

    // The token is pulled out: the node signs nothing more, says so and stays readable; the others go on.
    tokens.pull_out();
    let before = cluster.admit(0).await.height.expect("a height");
    let halted = until("the node without its token to halt", PATIENCE, async || {
        let status = cluster.nodes[1].status().await?;
        matches!(status.phase, Phase::Halted { .. }).then_some(status)
    })
    .await;
    let Phase::Halted { reason } = &halted.phase else { panic!("{:?}", halted.phase) };
    assert!(reason.contains("the voting key did not sign"), "{reason}");
    let (code, answer) = cluster.nodes[1].get("/readyz").await;
    assert!(code == 503 && answer.contains("the voting key did not sign"), "{code}: {answer}");
    let after = cluster.admit(0).await.height.expect("a height");
    assert!(after > before);
    let found = block(&cluster.nodes[0].client, after).await;
    assert!(!found.certificate.signers.contains(&held.to_string()));
    let log = cluster.nodes[1].log();
    assert!(log.contains("the voting key did not sign") && !log.contains("panicked"), "{log}");

    // It is plugged in again and the node restarted: it catches up and votes.
    assert_eq!(cluster.nodes[1].stop().await, Some(0));
    tokens.plug_in();
    cluster.start_all().await;
    until_it_votes(&cluster, &held).await;
    let digits: String = seed.seed().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_no_secret(&cluster, 0, &[PASSPHRASE.as_bytes(), seed.seed().as_slice(), digits.as_bytes()]);
    assert_no_secret(&cluster, 1, &[PIN.as_bytes()]);
    assert_eq!(cluster.agree().await.height, cluster.nodes[0].height().await);
}
