#!/bin/sh
# Makes the certificates, revocation lists, answers and signatures of this folder with openssl 3.
#
# The tests judge the files as they stand here, at an instant that they give, so nothing expires and nobody needs
# openssl to run them. Private keys are made anew each time and thrown away: run this to replace all files at once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
rm -f "$here"/*.der "$here"/*.sig
printf 'one statement' > statement

cat > base.cnf <<'CNF'
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[inner]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = clientAuth, emailProtection
certificatePolicies = 1.2.3.4.5
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[responder]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
[stranger]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
[server]
keyUsage = digitalSignature
extendedKeyUsage = serverAuth
[encryption]
keyUsage = critical, keyEncipherment, dataEncipherment
[silent]
basicConstraints = CA:FALSE
[strange]
keyUsage = digitalSignature
1.2.3.4 = critical, ASN1:UTF8String:condition
[extension]
keyUsage = digitalSignature
1.2.156.10260.4.1.4 = ASN1:UTF8String:91440400MA4W1XQ38T
[noca]
basicConstraints = CA:FALSE
keyUsage = keyCertSign
[nosign]
basicConstraints = critical, CA:TRUE
keyUsage = cRLSign
[nocrl]
basicConstraints = critical, CA:TRUE
keyUsage = keyCertSign
[alt]
keyUsage = digitalSignature
subjectAltName = DNS:bid.example.org
[dnsonly]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
nameConstraints = critical, permitted;DNS:example.com
[dironly]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
nameConstraints = critical, permitted;dirName:allowed
[allowed]
O = Somebody else
[ca]
default_ca = the_ca
[the_ca]
database = index
crlnumber = number
default_md = sha256
[full]
authorityKeyIdentifier = keyid
[delta]
2.5.29.27 = critical, ASN1:INTEGER:1
[indirect]
issuingDistributionPoint = critical, @indirect_point
[indirect_point]
indirectCRL = TRUE
[partial]
issuingDistributionPoint = critical, @partial_point
[partial_point]
onlyuser = TRUE
[unknown]
1.2.3.4 = critical, ASN1:UTF8String:condition
CNF

SUBJECT='/C=CN/O=珠海某某建设有限公司/2.5.4.97=NTRCN-91440400MA4W1XQ38T/CN=珠海某某建设有限公司'
FROM=20260101000000Z
TO=20360101000000Z

# generate KIND FILE: a private key.
generate() {
    case $1 in
        ed25519) openssl genpkey -algorithm ed25519 -out "$2" ;;
        p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$2" ;;
        p384) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$2" ;;
        p521) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "$2" ;;
        sm2) openssl genpkey -algorithm SM2 -out "$2" ;;
        rsa*) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${1#rsa}" -out "$2" ;;
    esac 2> /dev/null
}

# digest KIND: how keys of this kind sign.
digest() {
    case $1 in
        ed25519) ;;
        p384) echo -sha384 ;;
        sm2) echo -sm3 -sigopt distid:1234567812345678 ;;
        *) echo -sha256 ;;
    esac
}

# certificate OUT KEY SUBJECT EXTENSIONS ISSUER ISSUER-KEY SERIAL FROM TO HOW...: ISSUER "-" is a self-signed one.
# `openssl ca` would need a folder for each authority and `openssl x509` cannot date certificates, so a request is
# made into one by `openssl ca` with a fresh database.
certificate() {
    out=$1 key=$2 subject=$3 extensions=$4 issuer=$5 issuer_key=$6 serial=$7 from=$8 to=$9
    shift 9
    # SM2 requests are checked with the default identifier, which must be said on both sides.
    case $(openssl pkey -in "$key" -noout -text 2> /dev/null | sed -n 's/^ASN1 OID: //p') in
        SM2) openssl req -new -key "$key" -utf8 -subj "$subject" -config base.cnf -sm3 \
                -sigopt distid:1234567812345678 -out request.pem; check='-vfyopt distid:1234567812345678' ;;
        *) openssl req -new -key "$key" -utf8 -subj "$subject" -config base.cnf -out request.pem; check= ;;
    esac
    : > database
    echo "$serial" > serial
    cat base.cnf > ca.cnf
    cat >> ca.cnf <<CNF
[issue]
database = database
serial = serial
new_certs_dir = .
default_md = default
policy = anything
unique_subject = no
email_in_dn = yes
[anything]
C = optional
O = optional
organizationIdentifier = optional
serialNumber = optional
CN = optional
CNF
    if [ "$issuer" = - ]; then by="-selfsign -keyfile $key"; else by="-cert $issuer -keyfile $issuer_key"; fi
    # shellcheck disable=SC2086
    openssl ca -batch -notext -config ca.cnf -name issue -preserveDN -utf8 -in request.pem -out "$out" $by $check \
        -extensions "$extensions" -startdate "$from" -enddate "$to" "$@" 2> log || { cat log; exit 1; }
}

der() { openssl x509 -in "$1.pem" -outform DER -out "$here/$2.der"; }

# list OUT ISSUER KEY EXTENSIONS HOW...: a revocation list of two certificates.
list() {
    out=$1 issuer=$2 key=$3 extensions=$4
    shift 4
    printf 'R\t360101000000Z\t260301000000Z,keyCompromise\t4D\tunknown\t/CN=a\nR\t360101000000Z\t260201000000Z\t0100\tunknown\t/CN=b\n' > index
    echo 07 > number
    openssl ca -config base.cnf -gencrl -cert "$issuer" -keyfile "$key" -crlexts "$extensions" \
        -crl_lastupdate 20260601000000Z -crl_nextupdate 20260701000000Z "$@" -out list.pem 2> log || { cat log; exit 1; }
    openssl crl -in list.pem -outform DER -out "$here/$out.der"
}

# A whole authority of each kind: root, intermediate, subscriber, revocation list, statement.
world() {
    name=$1 kind=$2
    shift 2
    for who in root inner leaf; do generate "$kind" "$name-$who.key"; done
    certificate "$name-root.pem" "$name-root.key" '/C=CN/O=Southern CA/CN=Southern CA root' root - - 01 $FROM $TO "$@"
    certificate "$name-inner.pem" "$name-inner.key" '/C=CN/O=Southern CA/CN=Southern CA enterprises' inner \
        "$name-root.pem" "$name-root.key" 02 $FROM $TO "$@"
    certificate "$name-leaf.pem" "$name-leaf.key" "$SUBJECT" leaf "$name-inner.pem" "$name-inner.key" 4D $FROM $TO "$@"
    for who in root inner leaf; do der "$name-$who" "$name-$who"; done
    list "$name-crl" "$name-inner.pem" "$name-inner.key" full "$@"
}

for kind in ed25519 p256 p384 rsa2048 sm2; do
    # shellcheck disable=SC2046
    if [ $kind = ed25519 ]; then world $kind $kind; else world $kind $kind $(digest $kind | sed 's/^-\([a-z0-9]*\)/-md \1/'); fi
    case $kind in
        ed25519) openssl pkeyutl -sign -rawin -inkey $kind-leaf.key -in statement -out "$here/$kind.sig" ;;
        sm2) openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678 -inkey $kind-leaf.key \
                -in statement -out "$here/$kind.sig" ;;
        # shellcheck disable=SC2046
        *) openssl dgst $(digest $kind) -sign $kind-leaf.key -out "$here/$kind.sig" statement ;;
    esac
done
world rsa4096 rsa4096 -md sha512
openssl dgst -sha256 -sign rsa4096-leaf.key -out "$here/rsa4096.sig" statement
for bits in 256 384 512; do
    world "pss$bits" rsa2048 -md "sha$bits" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:$((bits / 8))
    openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sign "pss$bits-leaf.key" \
        -out "$here/pss$bits.sig" statement
done

# What must be refused. `bad NAME EXTENSIONS [FROM TO [SUBJECT]]`: a subscriber's certificate under the P-256 authority.
inner='p256-inner.pem p256-inner.key'
bad() {
    # shellcheck disable=SC2086
    certificate "$1.pem" p256-leaf.key "${5:-$SUBJECT}" "$2" $inner 4D "${3:-$FROM}" "${4:-$TO}" -md sha256
    der "$1" "bad-$1"
}
bad expired leaf 20260101000000Z 20260301000000Z
bad early leaf 20350101000000Z 20360101000000Z
bad server server
bad encryption encryption
bad silent silent
bad strange strange
bad authority inner
bad nocode leaf $FROM $TO '/C=CN/O=Somebody/CN=Somebody'
bad badcode leaf $FROM $TO '/C=CN/O=Somebody/2.5.4.97=91440400/CN=Somebody'
bad twocodes leaf $FROM $TO '/C=CN/O=Somebody/2.5.4.97=91440400MA4W1XQ38T+2.5.4.97=91440400MA4W1XQ39R/CN=Somebody'
bad noname leaf $FROM $TO '/C=CN/2.5.4.97=91440400MA4W1XQ38T'
bad extension extension $FROM $TO '/C=CN/O=Somebody/CN=Somebody'
for weak in sha1 md5; do
    certificate $weak.pem p256-leaf.key "$SUBJECT" leaf rsa2048-inner.pem rsa2048-inner.key 4D $FROM $TO -md $weak
    der $weak bad-$weak
done
certificate psssha1.pem p256-leaf.key "$SUBJECT" leaf rsa2048-inner.pem rsa2048-inner.key 4D $FROM $TO -md sha1 \
    -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
der psssha1 bad-psssha1
certificate ecsha1.pem p256-leaf.key "$SUBJECT" leaf p256-inner.pem p256-inner.key 4D $FROM $TO -md sha1
der ecsha1 bad-ecsha1
for size in rsa1024 rsa5120 p521; do
    generate $size $size.key
    certificate $size.pem $size.key "$SUBJECT" leaf p256-inner.pem p256-inner.key 4D $FROM $TO -md sha256
    der $size bad-$size
done
openssl req -new -key p256-leaf.key -utf8 -subj "$SUBJECT" -config base.cnf -out request.pem
openssl x509 -req -in request.pem -CA p256-inner.pem -CAkey p256-inner.key -set_serial 77 -days 3650 -sha256 \
    -out version1.pem 2> log
der version1 bad-version1

# Wrong paths: an intermediate of another kind, and a subscriber under it. `path NAME EXTENSIONS LEAF-EXTENSIONS`
path() {
    generate p256 "$1.key"
    certificate "$1.pem" "$1.key" "/C=CN/O=Southern CA/CN=Southern CA $1" "$2" p256-root.pem p256-root.key 03 $FROM $TO -md sha256
    certificate "$1-leaf.pem" p256-leaf.key "$SUBJECT" "$3" "$1.pem" "$1.key" 4D $FROM $TO -md sha256
    der "$1" "path-$1"
    der "$1-leaf" "path-$1-leaf"
}
path noca noca leaf
path nosign nosign leaf
path dnsonly dnsonly alt
path dironly dironly leaf
path nocrl nocrl leaf
list path-nocrl-crl nocrl.pem nocrl.key full -md sha256
# One below an intermediate that permits none below.
generate p256 deep.key
certificate deep.pem deep.key '/C=CN/O=Southern CA/CN=Southern CA deep' inner p256-inner.pem p256-inner.key 03 $FROM $TO -md sha256
certificate deep-leaf.pem p256-leaf.key "$SUBJECT" leaf deep.pem deep.key 4D $FROM $TO -md sha256
der deep path-deep
der deep-leaf path-deep-leaf

for kind in delta indirect partial unknown; do list "bad-crl-$kind" p256-inner.pem p256-inner.key $kind -md sha256; done
list bad-crl-sha1 rsa2048-inner.pem rsa2048-inner.key full -md sha1

# Answers: by the issuer, by a responder that it appointed, and by one that it did not appoint.
for kind in p256 rsa2048; do
    for who in responder stranger; do
        generate $kind $kind-$who.key
        certificate $kind-$who.pem $kind-$who.key "/C=CN/O=Southern CA/CN=$who" $who $kind-inner.pem $kind-inner.key 09 \
            $FROM $TO -md sha256
    done
    openssl ocsp -issuer $kind-inner.pem -cert $kind-leaf.pem -no_nonce -reqout request.der 2> log
    # answer OUT STATUS SIGNER: openssl dates answers by its own clock; the test reads the instant from the answer.
    answer() {
        printf "$2\t360101000000Z\t%s\t4D\tunknown\t/CN=a\n" "$3" > index
        openssl ocsp -index index -CA $kind-inner.pem -rsigner $kind-$4.pem -rkey $kind-$4.key -reqin request.der \
            -respout "$here/$kind-$1.der" -ndays 7 > log 2>&1 || { cat log; exit 1; }
    }
    answer ocsp-good V '' inner
    answer ocsp-delegated V '' responder
    answer ocsp-revoked R 260301000000Z,keyCompromise responder
    answer ocsp-stranger V '' stranger
done
# Asked about a certificate of the other authority.
printf 'V\t360101000000Z\t\t4E\tunknown\t/CN=a\n' > index
openssl ocsp -index index -CA p256-inner.pem -rsigner p256-inner.pem -rkey p256-inner.key -reqin request.der \
    -respout "$here/bad-ocsp-other.der" -ndays 7 > log 2>&1 || true
echo "$(ls "$here" | wc -l) files"
