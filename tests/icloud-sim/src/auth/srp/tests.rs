//! The published vectors, in every form that a client may send.

use super::*;
use serde_json::Value;
use std::path::PathBuf;

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn vectors() -> Option<Value> {
    let shared = std::env::var_os("LARDER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = shared.join("protocol/srp-vectors.json");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn handshake_of(vector: &Value) -> Handshake {
    let input = &vector["input"];
    let protocol = match input["protocol"].as_str().unwrap() {
        "s2k" => Protocol::S2k,
        "s2k_fo" => Protocol::S2kFo,
        other => panic!("{other}"),
    };
    let iterations = u32::try_from(input["iteration"].as_u64().unwrap()).unwrap();
    let salt = unhex(&input["salt_hex"]);
    let verifier = Verifier::new(
        input["account_name"].as_str().unwrap(),
        input["password"].as_str().unwrap(),
        &salt,
        iterations,
        protocol,
    );
    verifier.with_secret(&unhex(&vector["A_hex"]), &unhex(&input["b_hex"]))
}

#[test]
fn every_vector_is_accepted_and_strictness_tells_the_forms_apart() {
    let Some(document) = vectors() else { return };
    let vectors = document["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let handshake = handshake_of(vector);
        assert_eq!(handshake.public, unhex(&vector["B_hex"]), "{}", vector["id"]);
        let (m1, m2) = (unhex(&vector["M1_hex"]), unhex(&vector["M2_hex"]));
        assert!(handshake.proven(&m1, &m2, Padding::Either), "{}", vector["id"]);
        assert!(handshake.proven(&m1, &m2, Padding::Padded), "{}", vector["id"]);
        let differs = !vector["leading_zero_byte_in"].as_array().unwrap().is_empty();
        assert_eq!(handshake.proven(&m1, &m2, Padding::Trimmed), !differs, "{}", vector["id"]);
        if differs {
            let trimmed = &vector["trimmed_variant"];
            let (m1, m2) = (unhex(&trimmed["M1_hex"]), unhex(&trimmed["M2_hex"]));
            assert!(handshake.proven(&m1, &m2, Padding::Either), "{}", vector["id"]);
            assert!(handshake.proven(&m1, &m2, Padding::Trimmed), "{}", vector["id"]);
            assert!(!handshake.proven(&m1, &m2, Padding::Padded), "{}", vector["id"]);
        }
    }
}

#[test]
fn a_proof_that_is_wrong_in_one_bit_is_refused() {
    let Some(document) = vectors() else { return };
    let vector = &document["vectors"][0];
    let handshake = handshake_of(vector);
    let (m1, m2) = (unhex(&vector["M1_hex"]), unhex(&vector["M2_hex"]));
    let flipped = |bytes: &[u8]| [&[bytes[0] ^ 1], &bytes[1..]].concat();
    assert!(!handshake.proven(&flipped(&m1), &m2, Padding::Either));
    assert!(!handshake.proven(&m1, &flipped(&m2), Padding::Either));
}

#[test]
fn public_values_that_are_no_numbers_of_the_group_are_refused() {
    let mut entropy = Entropy::new();
    let verifier = Verifier::new("you@example.com", "secret", &[1; 16], 1000, Protocol::S2k);
    assert!(verifier.handshake(&[0; WIDTH], None, &mut entropy).is_none());
    assert!(verifier.handshake(&[1; WIDTH + 1], None, &mut entropy).is_none());
    assert!(verifier.handshake(&[], None, &mut entropy).is_none());
}

#[test]
fn leading_zeros_can_be_had_on_demand() {
    let mut entropy = Entropy::new();
    let verifier = Verifier::new("you@example.com", "secret", &[1; 16], 1000, Protocol::S2k);
    let client_public = [7; WIDTH];
    let handshake = verifier.handshake(&client_public, Some(LeadingZero::B), &mut entropy).unwrap();
    assert_eq!(handshake.public[0], 0);
    let handshake = verifier.handshake(&client_public, Some(LeadingZero::S), &mut entropy).unwrap();
    assert!(handshake.shared_secret().unwrap().len() < WIDTH);
}
