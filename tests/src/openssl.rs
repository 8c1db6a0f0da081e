//! Certification authorities as the program `openssl` (3.0 or later) makes them, for tests of real processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From when on certificates are valid, and until when, as `openssl ca` reads it.
const VALID: [&str; 2] = ["20260101000000Z", "20360101000000Z"];
/// What GM/T 0009 says where nobody agreed on an identifier.
const SM2_ID: &str = "distid:1234567812345678";

const CONFIGURATION: &str = "\
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[list]
authorityKeyIdentifier = keyid
[ca]
default_ca = issue
[issue]
database = index
serial = serial
crlnumber = number
new_certs_dir = .
default_md = sha256
policy = anything
unique_subject = no
email_in_dn = yes
[anything]
C = optional
O = optional
organizationIdentifier = optional
CN = optional
";

/// Kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ECDSA on P-256.
    P256,
    /// RSA of 2,048 bits.
    Rsa,
    /// SM2.
    Sm2,
}

impl Kind {
    fn generate(self) -> &'static [&'static str] {
        match self {
            Self::P256 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::Rsa => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            Self::Sm2 => &["-algorithm", "SM2"],
        }
    }

    fn signing(self) -> &'static [&'static str] {
        match self {
            Self::P256 | Self::Rsa => &["-md", "sha256"],
            Self::Sm2 => &["-md", "sm3", "-sigopt", SM2_ID],
        }
    }
}

/// An authority with a root, in a directory of its own.
pub struct Authority {
    dir: PathBuf,
    kind: Kind,
}

impl Authority {
    /// Makes the root.
    pub fn make(dir: &Path, kind: Kind) -> Self {
        fs::create_dir_all(dir).expect("a directory");
        let write = |name: &str, text: &str| fs::write(dir.join(name), text).expect("a file");
        write("ca.cnf", CONFIGURATION);
        write("index", "");
        write("serial", "1000\n");
        write("number", "01\n");
        let own = Self { dir: dir.into(), kind };
        let subject = "/C=CN/O=Example CA/CN=Example CA root";
        own.certificate("root", kind, subject, "root", &["-selfsign", "-keyfile", "root.key"]);
        own
    }

    /// Its root certificate, PEM.
    pub fn root(&self) -> PathBuf {
        self.dir.join("root.pem")
    }

    /// Issues a certificate to an enterprise, and tells the files of certificate and private key, which is PKCS#8 with
    /// mode 600.
    pub fn issue(&self, name: &str, kind: Kind, code: &str) -> (PathBuf, PathBuf) {
        let subject = format!("/C=CN/O=示例企业{name}/2.5.4.97=NTRCN-{code}/CN=示例企业{name}");
        self.certificate(name, kind, &subject, "leaf", &["-cert", "root.pem", "-keyfile", "root.key"]);
        (self.dir.join(format!("{name}.pem")), self.dir.join(format!("{name}.key")))
    }

    /// Takes a certificate back as of then, for the next list.
    pub fn revoke(&self, name: &str, as_of: &str) {
        let certificate = format!("{name}.pem");
        let of = ["-config", "ca.cnf", "-cert", "root.pem", "-keyfile", "root.key"];
        let how = ["-revoke", &certificate, "-crl_reason", "keyCompromise"];
        self.openssl("ca", &[of.as_slice(), &how, self.kind.signing()].concat());
        // The program writes the time of this machine, which a network with a stepped clock has not reached.
        let index = fs::read_to_string(self.dir.join("index")).expect("the index of certificates");
        let dated = |line: &str| {
            let mut fields: Vec<&str> = line.split('\t').collect();
            let date = format!("{},keyCompromise", &as_of[2..]);
            if fields[0] == "R" {
                fields[2] = &date;
            }
            fields.join("\t") + "\n"
        };
        fs::write(self.dir.join("index"), index.lines().map(dated).collect::<String>()).expect("a file");
    }

    /// Issues a revocation list as of then, for a month, and tells its file.
    pub fn list(&self, as_of: &str) -> PathBuf {
        let of = ["-config", "ca.cnf", "-gencrl", "-cert", "root.pem", "-keyfile", "root.key"];
        let how = ["-crlexts", "list", "-crl_lastupdate", as_of, "-crl_nextupdate", "20260501000000Z"];
        let out = format!("list-{as_of}.crl");
        self.openssl("ca", &[of.as_slice(), &how, self.kind.signing(), &["-out", &out]].concat());
        self.dir.join(out)
    }

    fn certificate(&self, name: &str, kind: Kind, subject: &str, extensions: &str, issuer: &[&str]) {
        let [key, request, out] = ["key", "csr", "pem"].map(|end| format!("{name}.{end}"));
        self.openssl("genpkey", &[kind.generate(), &["-out", &key]].concat());
        let made = ["-new", "-utf8", "-config", "ca.cnf", "-subj", subject, "-key", &key, "-out", &request];
        let signed: &[&str] = if kind == Kind::Sm2 { &["-sm3", "-sigopt", SM2_ID] } else { &["-sha256"] };
        self.openssl("req", &[made.as_slice(), signed].concat());
        let checked: &[&str] = if kind == Kind::Sm2 { &["-vfyopt", SM2_ID] } else { &[] };
        let how =
            ["-batch", "-notext", "-config", "ca.cnf", "-preserveDN", "-utf8", "-in", &request, "-out", &out];
        let what = ["-extensions", extensions, "-startdate", VALID[0], "-enddate", VALID[1]];
        self.openssl("ca", &[how.as_slice(), issuer, &what, self.kind.signing(), checked].concat());
    }

    fn openssl(&self, command: &str, arguments: &[&str]) {
        let run = Command::new("openssl").arg(command).args(arguments).current_dir(&self.dir).output();
        let run = run.expect("the program openssl, 3.0 or later");
        assert!(
            run.status.success(),
            "openssl {command} {arguments:?}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
}
