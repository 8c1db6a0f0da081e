//! A checker for the part of CDDL (RFC 8610) that docs/formats.md uses: enough to hold every pinned
//! encoding against the published schema, and no more.

use std::collections::BTreeMap;

use minicbor::Decoder;
use minicbor::data::Type as Major;

/// A CBOR data item.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    Int(i128),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Item>),
    Map(Vec<(Item, Item)>),
    Tag(u64, Box<Item>),
    Bool(bool),
    Null,
}

fn item(d: &mut Decoder<'_>) -> Item {
    match d.datatype().unwrap() {
        Major::Bytes => Item::Bytes(d.bytes().unwrap().to_vec()),
        Major::String => Item::Text(d.str().unwrap().to_owned()),
        Major::Array => Item::Array((0..d.array().unwrap().unwrap()).map(|_| item(d)).collect()),
        Major::Map => Item::Map((0..d.map().unwrap().unwrap()).map(|_| (item(d), item(d))).collect()),
        Major::Tag => Item::Tag(d.tag().unwrap().as_u64(), Box::new(item(d))),
        Major::Bool => Item::Bool(d.bool().unwrap()),
        Major::Null => d.null().map(|()| Item::Null).unwrap(),
        _ => Item::Int(d.int().unwrap().into()),
    }
}

#[derive(Debug, Clone)]
enum Schema {
    Name(String),
    Int(i128),
    Text(String),
    Range(i128, i128),
    Array(Vec<Entry>),
    Map(Vec<Entry>),
    Tagged(u64, Box<Schema>),
    Sized(Box<Schema>, i128, i128),
    AtMost(Box<Schema>, i128),
    Embedded(Box<Schema>),
    Choice(Vec<Schema>),
}

/// A member of an array or map: how often, under which key, what.
#[derive(Debug, Clone)]
struct Entry {
    least: usize,
    most: usize,
    key: Option<i128>,
    schema: Schema,
}

/// The rules of a document, by name.
pub struct Document(BTreeMap<String, Schema>);

impl Document {
    /// Reads every fenced `cddl` block of a Markdown text.
    pub fn of_markdown(text: &str) -> Self {
        let blocks = text.split("```cddl\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let source: String = blocks
            .flat_map(str::lines)
            .map(|line| line.split(';').next().unwrap().to_owned() + "\n")
            .collect();
        let mut parser = Parser { tokens: tokens(&source), at: 0 };
        let mut rules = BTreeMap::new();
        while parser.at < parser.tokens.len() {
            let name = parser.next();
            parser.expect("=");
            let schema = parser.choice();
            assert!(rules.insert(name.clone(), schema).is_none(), "{name} is defined twice");
        }
        Self(rules)
    }

    /// Names of all rules.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether bytes are one item of the rule `name`, with nothing after it.
    pub fn check(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let mut decoder = Decoder::new(bytes);
        let found = item(&mut decoder);
        if decoder.position() != bytes.len() {
            return Err("bytes after the item".into());
        }
        self.matches(&Schema::Name(name.into()), &found)
    }

    fn matches(&self, schema: &Schema, found: &Item) -> Result<(), String> {
        let expect = |good: bool| if good { Ok(()) } else { Err(format!("{found:?} is not {schema:?}")) };
        match (schema, found) {
            (Schema::Name(name), _) => match (name.as_str(), found) {
                ("uint", Item::Int(n)) => expect((0..=i128::from(u64::MAX)).contains(n)),
                ("tstr", Item::Text(_)) | ("bstr", Item::Bytes(_)) | ("bool", Item::Bool(_)) => Ok(()),
                ("null", Item::Null) => Ok(()),
                ("uint" | "tstr" | "bstr" | "bool" | "null", _) => expect(false),
                (name, _) => {
                    let rule = self.0.get(name).unwrap_or_else(|| panic!("{name} is not defined"));
                    self.matches(rule, found).map_err(|why| format!("{name}: {why}"))
                }
            },
            (Schema::Int(n), Item::Int(m)) => expect(n == m),
            (Schema::Text(a), Item::Text(b)) => expect(a == b),
            (Schema::Range(low, high), Item::Int(n)) => expect((low..=high).contains(&n)),
            (Schema::AtMost(inner, most), Item::Int(n)) => {
                self.matches(inner, found)?;
                expect(n <= most)
            }
            (Schema::Sized(inner, low, high), Item::Text(_) | Item::Bytes(_)) => {
                self.matches(inner, found)?;
                let length = match found {
                    Item::Text(text) => text.len(),
                    Item::Bytes(bytes) => bytes.len(),
                    _ => 0,
                };
                expect((*low..=*high).contains(&(length as i128)))
            }
            (Schema::Embedded(inner), Item::Bytes(bytes)) => {
                let mut decoder = Decoder::new(bytes);
                let embedded = item(&mut decoder);
                expect(decoder.position() == bytes.len())?;
                self.matches(inner, &embedded)
            }
            (Schema::Tagged(tag, inner), Item::Tag(found_tag, content)) => {
                expect(tag == found_tag)?;
                self.matches(inner, content)
            }
            (Schema::Choice(choices), _) => {
                let answers: Vec<_> = choices.iter().map(|choice| self.matches(choice, found)).collect();
                if answers.iter().any(Result::is_ok) { Ok(()) } else { Err(format!("{answers:?}")) }
            }
            (Schema::Array(entries), Item::Array(items)) => {
                let mut rest = items.as_slice();
                for entry in entries {
                    let fits = |i: &&Item| self.matches(&entry.schema, i).is_ok();
                    let count = rest.iter().take(entry.most).take_while(fits).count();
                    if count < entry.least {
                        let next = rest.get(count).ok_or("the array is too short")?;
                        self.matches(&entry.schema, next)?;
                    }
                    rest = &rest[count..];
                }
                if rest.is_empty() { Ok(()) } else { Err(format!("the array goes on with {:?}", rest[0])) }
            }
            (Schema::Map(entries), Item::Map(pairs)) => {
                for (key, value) in pairs {
                    let entry = entries.iter().find(|e| e.key.map(Item::Int).as_ref() == Some(key));
                    let entry = entry.ok_or_else(|| format!("the map has a key {key:?}"))?;
                    self.matches(&entry.schema, value).map_err(|why| format!("{key:?}: {why}"))?;
                }
                let has = |e: &Entry| pairs.iter().any(|(key, _)| e.key.map(Item::Int).as_ref() == Some(key));
                let missing = entries.iter().find(|e| e.least > 0 && !has(e));
                missing.map_or(Ok(()), |entry| Err(format!("the map lacks {:?}", entry.key)))
            }
            _ => expect(false),
        }
    }
}

/// Splits a source into names, numbers, texts and signs.
fn tokens(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '#');
        let length = match first {
            '"' => rest[1..].find('"').unwrap() + 2,
            '.' if rest.starts_with("..") => 2,
            '.' => 1 + rest[1..].find(|c| !name(c)).unwrap(),
            '#' => rest.find('(').unwrap(),
            c if name(c) => rest.find(|c| !name(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        found.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    found
}

struct Parser {
    tokens: Vec<String>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn peek_second(&self) -> &str {
        self.tokens.get(self.at + 1).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.tokens[self.at - 1].clone()
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = self.peek() == sign;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) {
        assert!(
            self.accept(sign),
            "{sign} and not {} after {:?}",
            self.peek(),
            &self.tokens[self.at.saturating_sub(6)..self.at]
        );
    }

    fn number(&mut self) -> i128 {
        self.next().parse().unwrap()
    }

    fn choice(&mut self) -> Schema {
        let mut choices = vec![self.controlled()];
        while self.accept("/") {
            choices.push(self.controlled());
        }
        if choices.len() == 1 { choices.remove(0) } else { Schema::Choice(choices) }
    }

    /// A type and its control operator, if it has one.
    fn controlled(&mut self) -> Schema {
        let schema = self.simple();
        if self.accept(".size") {
            let parenthesis = self.accept("(");
            let low = self.number();
            let high = if self.accept("..") { self.number() } else { low };
            if parenthesis {
                self.expect(")");
            }
            return Schema::Sized(Box::new(schema), low, high);
        }
        if self.accept(".le") {
            return Schema::AtMost(Box::new(schema), self.number());
        }
        if self.accept(".cbor") {
            return Schema::Embedded(Box::new(self.simple()));
        }
        schema
    }

    fn simple(&mut self) -> Schema {
        let token = self.next();
        match token.as_str() {
            "[" => Schema::Array(self.group("]")),
            "{" => Schema::Map(self.group("}")),
            text if text.starts_with('"') => Schema::Text(text.trim_matches('"').to_owned()),
            tag if tag.starts_with("#6.") => {
                self.expect("(");
                let inner = self.choice();
                self.expect(")");
                Schema::Tagged(tag[3..].parse().unwrap(), Box::new(inner))
            }
            number if number.parse::<i128>().is_ok() => {
                let low = number.parse().unwrap();
                if self.accept("..") { Schema::Range(low, self.number()) } else { Schema::Int(low) }
            }
            name => Schema::Name(name.to_owned()),
        }
    }

    fn group(&mut self, end: &str) -> Vec<Entry> {
        let mut entries = Vec::new();
        while !self.accept(end) {
            let (least, most) = self.occurrence();
            let mut key = None;
            if self.peek_second() == ":" {
                key = self.next().parse().ok();
                self.expect(":");
            }
            entries.push(Entry { least, most, key, schema: self.choice() });
            if self.peek() != end {
                self.expect(",");
            }
        }
        entries
    }

    /// `?`, `*`, `1*8`, or nothing for exactly one.
    fn occurrence(&mut self) -> (usize, usize) {
        if self.accept("?") {
            return (0, 1);
        }
        let is_number = |text: &str| text.parse::<usize>().is_ok();
        let least =
            if is_number(self.peek()) && self.peek_second() == "*" { self.number() as usize } else { 0 };
        if !self.accept("*") {
            return (1, 1);
        }
        let bounded = is_number(self.peek()) && self.peek_second() != ":";
        let most = if bounded { self.number() as usize } else { usize::MAX };
        (least, most)
    }
}
