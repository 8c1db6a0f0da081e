//! Every fuzzing target over its checked-in corpus and over a fixed set of damaged inputs.
//!
//! One test, because the allocations of the whole process are counted. `UPDATE=1` writes the seeds anew.

use std::alloc::System;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use scenarios::targets::mutate::Mutator;
use scenarios::targets::{ALL, Target, seeds};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Damaged inputs made of each entry of a corpus.
const CHANGES: usize = 300;
/// Largest corpus in all, in bytes: it is checked in.
const CORPUS_BYTES_MAX: u64 = 1 << 20;
/// A single run that takes longer has met an input that costs far more than it should.
const RUN_TIME_MAX: Duration = Duration::from_secs(5);

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("fuzz")
}

fn names(directory: &Path, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries
        .map(|entry| name(entry.expect("an entry")))
        .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
        .collect()
}

/// Targets, programs and corpora are the same; every seed stands as it is made now.
fn check_files() {
    let expected: BTreeSet<String> = ALL.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(expected.len(), ALL.len(), "two targets of one name");
    assert_eq!(names(&fuzz().join("fuzz_targets"), ".rs"), expected, "one program for each target");
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest");
    for target in ALL {
        let directory = fuzz().join("corpus").join(target.name);
        let seeds = seeds::seeds(target.name);
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&directory).expect("a directory");
            for name in names(&directory, "").iter().filter(|name| name.starts_with("seed-")) {
                fs::remove_file(directory.join(name)).expect("an old seed");
            }
            for (name, bytes) in &seeds {
                fs::write(directory.join(format!("seed-{name}")), bytes).expect("a seed");
            }
        }
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
        let held: BTreeSet<String> =
            names(&directory, "").into_iter().filter(|name| name.starts_with("seed-")).collect();
        let made: BTreeSet<String> = seeds.iter().map(|(name, _)| format!("seed-{name}")).collect();
        assert_eq!(held, made, "the seeds of {}: run this test with UPDATE=1", target.name);
        for (name, bytes) in seeds {
            let file = fs::read(directory.join(format!("seed-{name}"))).expect("a seed");
            assert!(file == bytes, "{}/seed-{name} is out of date: run this test with UPDATE=1", target.name);
        }
    }
    assert_eq!(names(&fuzz().join("corpus"), ""), expected, "one corpus for each target");
}

fn corpus(target: &Target) -> BTreeMap<String, Vec<u8>> {
    let directory = fuzz().join("corpus").join(target.name);
    names(&directory, "")
        .into_iter()
        .map(|name| (name.clone(), fs::read(directory.join(name)).expect("an entry of the corpus")))
        .collect()
}

/// Runs a target once and says what it allocated. A panic names the input, which is kept in a file.
fn run(target: &Target, origin: &str, input: &[u8]) -> usize {
    let (region, begin) = (Region::new(ALLOCATOR), Instant::now());
    let result = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let (allocated, elapsed) = (region.change().bytes_allocated, begin.elapsed());
    let bound = target.allowance + target.per_byte * input.len();
    let fault = match result {
        Err(_) => Some("broke a promise".to_owned()),
        Ok(()) if allocated > bound => Some(format!("allocated {allocated} bytes where {bound} are allowed")),
        Ok(()) if elapsed > RUN_TIME_MAX => Some(format!("took {elapsed:?}")),
        Ok(()) => None,
    };
    if let Some(fault) = fault {
        let kept = std::env::temp_dir().join(format!("zhulian-{}-{}.input", target.name, std::process::id()));
        fs::write(&kept, input).expect("room for the input");
        panic!(
            "{} {fault} on an input made of {origin}, kept in {}. When it is mended, the input belongs in {}.",
            target.name,
            kept.display(),
            fuzz().join("corpus").join(target.name).display()
        );
    }
    allocated
}

#[test]
fn every_decoder_keeps_its_promises_on_the_corpus_and_on_damaged_inputs() {
    check_files();
    let size: u64 = ALL.iter().flat_map(|target| corpus(target).into_values()).map(|e| e.len() as u64).sum();
    assert!(size <= CORPUS_BYTES_MAX, "the corpus has {size} bytes");
    println!("corpus: {size} bytes");
    for target in ALL {
        // What a target sets up once is not the cost of an input.
        (target.run)(&[0]);
        let corpus = corpus(&target);
        corpus.values().for_each(|entry| (target.run)(entry));
        let (begin, mut runs, mut most) = (Instant::now(), 0, 0);
        let mut mutator = Mutator::new(0x5eed);
        let entries: Vec<(&String, &Vec<u8>)> = corpus.iter().collect();
        for (number, (name, entry)) in entries.iter().enumerate() {
            most = most.max(run(&target, name, entry));
            for _ in 0..CHANGES {
                let (_, other) = entries[(number * 7 + runs) % entries.len()];
                most = most.max(run(&target, name, &mutator.change(entry, other)));
                runs += 1;
            }
        }
        let elapsed = begin.elapsed();
        println!(
            "{:<12} {:>3} entries, {runs:>5} damaged, {elapsed:>9.2?}, at most {most} bytes",
            target.name,
            corpus.len()
        );
    }
}
