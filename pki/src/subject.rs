//! What a subject's name says: the organisation and its unified social credit code.

use der::asn1::{Any, ObjectIdentifier};
use der::{Decode, Tag, Tagged};
use x509_cert::name::Name;

use crate::certificate::Certificate;
use crate::{CodeSource, Document, Fault};

const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Length of a unified social credit code (GB 32100-2015).
const CODE_LENGTH: usize = 18;

/// The organisation's name, or the common name where there is none.
pub(crate) fn organisation_name(certificate: &Certificate) -> Option<String> {
    let subject = certificate.subject();
    let mut names = attributes(subject, ORGANISATION).chain(attributes(subject, COMMON_NAME));
    names.find(|name| !name.is_empty())
}

/// The unified social credit code, in its common form. Its check character is not judged here.
pub(crate) fn credit_code(certificate: &Certificate, source: &CodeSource) -> Result<String, Fault> {
    let mut found = match source {
        CodeSource::SubjectAttribute(oid) => {
            attributes(certificate.subject(), identifier(oid)?).collect::<Vec<_>>()
        }
        CodeSource::Extension(oid) => in_extension(certificate, identifier(oid)?)?,
    };
    found.retain(|text| !text.is_empty());
    let mut codes = found.iter().map(|text| normalised(text));
    let first = codes.next().ok_or(Fault::CreditCodeMissing)?.ok_or(Fault::CreditCodeInvalid)?;
    if codes.all(|other| other.as_ref() == Some(&first)) { Ok(first) } else { Err(Fault::CreditCodeInvalid) }
}

/// An object identifier of a trust-list entry.
pub(crate) fn identifier(text: &str) -> Result<ObjectIdentifier, Fault> {
    ObjectIdentifier::new(text).map_err(|_| Fault::AuthorityEntry)
}

fn attributes(name: &Name, oid: ObjectIdentifier) -> impl Iterator<Item = String> + '_ {
    name.iter().filter(move |attribute| attribute.oid == oid).filter_map(|attribute| text(&attribute.value))
}

fn in_extension(certificate: &Certificate, oid: ObjectIdentifier) -> Result<Vec<String>, Fault> {
    let extensions = certificate.parsed.tbs_certificate().extensions().into_iter().flatten();
    let malformed = Fault::Malformed { what: Document::Certificate };
    extensions
        .filter(|extension| extension.extn_id == oid)
        .map(|extension| {
            let value = Any::from_der(extension.extn_value.as_bytes()).map_err(|_| malformed.clone())?;
            text(&value).ok_or(Fault::CreditCodeInvalid)
        })
        .collect()
}

/// A string of one of the kinds that names are written in (RFC 5280, section 4.1.2.4), trimmed; `None` for
/// another kind of value or one with control characters.
fn text(value: &Any) -> Option<String> {
    let bytes = value.value();
    let text = match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            core::str::from_utf8(bytes).ok()?.to_owned()
        }
        Tag::BmpString => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            if !rest.is_empty() {
                return None;
            }
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            String::from_utf16(&units).ok()?
        }
        _ => return None,
    };
    if text.chars().any(char::is_control) { None } else { Some(text.trim().to_owned()) }
}

/// Full width becomes half width and lower case upper case; a scheme before the code is taken off.
fn normalised(text: &str) -> Option<String> {
    let narrow = |c: char| match u32::from(c) {
        code @ 0xff01..=0xff5e => char::from_u32(code.wrapping_sub(0xfee0)).unwrap_or(c),
        _ => c,
    };
    let plain: String = text.chars().map(narrow).collect::<String>().to_ascii_uppercase();
    let characters: Vec<char> = plain.chars().collect();
    let at = characters.len().checked_sub(CODE_LENGTH)?;
    let (scheme, code) = characters.split_at_checked(at)?;
    let scheme: String = scheme.iter().collect();
    let scheme = scheme.trim_end_matches(['-', ':', ' ', '_', '@']);
    let is_scheme = scheme.len() <= 16 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_code =
        code.iter().all(|c| c.is_ascii_digit() || (c.is_ascii_uppercase() && !"IOSVZ".contains(*c)));
    // A longer number without a scheme is something else, of which 18 characters must not be cut out.
    let is_cut = !scheme.is_empty() && scheme.len() == at && scheme != "USCC";
    (is_scheme && is_code && !is_cut).then(|| code.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn codes_are_brought_to_one_form() {
        let code = "91440400MA4W1XQ38T";
        let good = [
            code,
            "91440400ma4w1xq38t",
            "９１４４０４００ＭＡ４Ｗ１ＸＱ３８Ｔ",
            "NTRCN-91440400MA4W1XQ38T",
            "USCC:91440400MA4W1XQ38T",
            "USCC91440400MA4W1XQ38T",
            "uscc 91440400MA4W1XQ38T",
        ];
        for text in good {
            assert_eq!(normalised(text).as_deref(), Some(code), "{text}");
        }
        let bad = [
            "",
            "91440400",
            "191440400MA4W1XQ38T",
            "91440400MA4W1XQ38I",
            "NTRCN-91440400MA4W1XQ38",
            "代码：1",
        ];
        for text in bad {
            assert_eq!(normalised(text), None, "{text}");
        }
    }
}
