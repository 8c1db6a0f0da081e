#!/bin/sh
# Makes the certificates and private keys of this folder with openssl 3, in every form in which it writes keys. They stand
# for nothing: nobody trusts them.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem
sm2='-sm3 -sigopt distid:1234567812345678'
for kind in ed25519 p256 p384 rsa sm2; do
    how=
    case $kind in
        ed25519) openssl genpkey -algorithm ed25519 -out $kind-pkcs8.pem ;;
        p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $kind-pkcs8.pem ;;
        p384) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out $kind-pkcs8.pem ;;
        rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $kind-pkcs8.pem 2> /dev/null ;;
        sm2) openssl genpkey -algorithm SM2 -out $kind-pkcs8.pem; how=$sm2 ;;
    esac
    # shellcheck disable=SC2086
    openssl req -x509 -new -key $kind-pkcs8.pem -subj "/CN=$kind" -days 3650 $how -out $kind.pem
done
# What older programs write, with the parameters before the key.
openssl ecparam -name prime256v1 -genkey -out p256-parameters.pem 2> /dev/null
openssl req -x509 -new -key p256-parameters.pem -subj /CN=parameters -days 3650 -out parameters.pem
openssl ec -in p256-pkcs8.pem -out p256-sec1.pem 2> /dev/null
openssl ec -in p384-pkcs8.pem -out p384-sec1.pem 2> /dev/null
openssl rsa -in rsa-pkcs8.pem -traditional -out rsa-pkcs1.pem 2> /dev/null
openssl ec -in sm2-pkcs8.pem -out sm2-sec1.pem 2> /dev/null
openssl pkcs8 -topk8 -in p256-pkcs8.pem -passout pass:secret -out p256-encrypted.pem
openssl ec -in p256-pkcs8.pem -aes256 -passout pass:secret -out p256-encrypted-sec1.pem 2> /dev/null
