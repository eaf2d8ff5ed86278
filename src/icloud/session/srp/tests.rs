//! The proof against vectors: two that are always here, computed by another implementation, and five of the
//! protocol documents when they are at hand.

use serde_json::json;

use super::*;
use crate::icloud::session::tests::document;

struct Vector {
    account: &'static str,
    password: &'static str,
    protocol: &'static str,
    iterations: u32,
    salt: &'static str,
    a: &'static str,
    public: &'static str,
    b: &'static str,
    m1: &'static str,
    m2: &'static str,
}

const VECTORS: [Vector; 2] = [
    Vector {
        account: "you@example.com",
        password: "correct horse battery",
        protocol: "s2k",
        iterations: 20_064,
        salt: "egH+yCbhPHWbxdubW+2hAQ==",
        a: "ad326cfc17fd72ae0e06185137e202b8ec8e97b07974bfa69168fc862cc95141",
        public: "ivlkqDy8NWJNvxEh+plU1tdt37WwCLmENq8cMNqjPfm67K1YS762Vc/uEsBTHcne8QxLaSkdIKmgumMzIAVynx0Q\
             ikRUgn4SRkwAqI91NW56GA+u+KuV1XUUVDu/aFphFxqyPDvtQDjYKefUtu78POYw490iiHwS3Tx173MG/3pHBRuF\
             UmLQS8ZY14/X9cASpNF3uVEkuG63vUX3l6Y6R4M7EhAwuGcLn8zzCw+q2GOTS1wGvoEdZin7ODmSI8annrytU+zv\
             2TWNJfIdX2X71ceKlJYbCMVKqApooOg/slb9nTWZzjAUrmSibFUVJO9TRPaskBm2p03i0ugWNxu9wQ==",
        b: "Rud4W4NR4JpPTUJX5ZVtnTtUKVn3T7nI6F9r87QJqsXbcfU6JE5p/Rp40MDdxkX8s2aMQkMpLG7eswwtSYvUcF+O\
             iwl3Jzk1FtyqI5f3sn7Q8HRIFpdUTisNK3uIX2chJdLdepf0/rDSw/QqX6/0wQiBvziH30k7nO2XGzv28KHwFERj\
             KD2dMSyxmH6F97cX+s0aCT7ilbuObCtzWdEtrUARGWISFSGHFqOMuk8M7frldY/Ea9K1ksu44CTFlAa3ytpASs91\
             JNfwUamfnQhD52NkC4FjOCKbCWv2NOaQ1BsSbdk8P0XXb6RuRUuLLv3KxhKpjaIEYw8dJaBLi+uW8A==",
        m1: "hJ6o6nmtohPMmiZp4tnKZ03RDhSZOytxSrVlcK7Psew=",
        m2: "qWKB65/myOxHpW75YLbu1l96mR+yIxji0rWwupVZnUQ=",
    },
    Vector {
        account: "you@example.com",
        password: "pâté & Straße 42€",
        protocol: "s2k_fo",
        iterations: 20_309,
        salt: "8SIoGMi/WzGdd2wHfmphLA==",
        a: "224bf059b0dd8a93acef5dcbb4043b1e307697a24e47bbaf753008e955f40a15",
        public: "Y3yahouhVwqd1NhBEir9IyW24K1m/MWnpUXraT98YVBE+okR9D4ej0lT+zx80MwlAIyLKXEMg7upmB8Qa8txgAzw\
             RaeE8j3THgtjNRMrz35GNZwTVPpswD8c125OG30kCL5fg2jClzCZVJmDCs/M7kQ/+yxEnDDzBBu5iQ28LWb3B1JL\
             uvU5awa8oNx1TdjTtbwMLLp0+dNRra1dUgOJnpGSLGFET6APVgoD3MkS2gAVIS/RoNbX5bqT5aBOKpx9gDwVrXT/\
             h8dj9ZO/+cojas+6e5sqG0cdf2AON6lQx8u5qP3iWv9GU8PHRxdhR0Yw6hdpOha+2xfVFdpk1TozNA==",
        b: "p8mXRjF1CzQz6yOc4MK9doU5ziDk+gVDlIG6/7KhIQcDNS5ZT610hoIzXZrFkKU5+C6DogpPGBEhlDWQ/D4LcF6E\
             I7CwjXvn9O0Zg1fuJRAB3igLrYgei/StTRKXVNqFCeTx57KCS2hSi6hlX3aFo1wedUS81MPVB8eI+giNf49nJLHu\
             +7lwtvHrAcwjoXq2H5fPoEvYeZTjVq5QyZOnSZpUIZYVHLYTfqO7DFlCA3bQGCZEVkF3dC39MCBlUdOqCBBJxuTa\
             xOHuCBWcRnwelfx/iGVPapa9zXf3ALCT/UHeaqGTbbJUxdW4Fjut3GkB4SPzJWTPGac4xvQMWjp1kQ==",
        m1: "3RxUTCjSEM8iETaN5akpFdcGH3xmPzPMn9mHEem1ils=",
        m2: "/51hpxUsxGy+w3Z2izQ8t2MRFjbP69yYJtp1TqTGhfk=",
    },
];

fn secret(hex: &str) -> [u8; 32] {
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

fn challenge(protocol: &str, iterations: u64, salt: &str, b: &str) -> Result<Challenge, SrpError> {
    Challenge::parse(
        &json!({"protocol": protocol, "iteration": iterations, "salt": salt, "b": b, "c": "opaque"}),
    )
}

#[test]
fn both_ways_of_hashing_give_the_known_proof() {
    for vector in VECTORS {
        let ephemeral = Ephemeral::from_secret(secret(vector.a)).unwrap();
        assert_eq!(ephemeral.public(), vector.public);
        let challenge = challenge(vector.protocol, vector.iterations.into(), vector.salt, vector.b).unwrap();
        let proof =
            prove(&ephemeral, vector.account, &SecretString::from(vector.password), &challenge).unwrap();
        assert_eq!((proof.m1.as_str(), proof.m2.as_str()), (vector.m1, vector.m2), "{}", vector.protocol);
    }
}

#[test]
fn vectors_of_the_protocol_documents() {
    let Some(document) = document("protocol/srp-vectors.json") else { return };
    let vectors = document["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let (input, wire) = (&vector["input"], &vector["wire"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let ambiguous: Vec<String> =
            vector["leading_zero_byte_in"].as_array().unwrap().iter().map(text).collect();
        let Some(ephemeral) = Ephemeral::from_secret(secret(&text(&input["a_hex"]))) else {
            assert_eq!(ambiguous, ["A"], "drawn again before anything is sent");
            continue;
        };
        let iterations = input["iteration"].as_u64().unwrap();
        let challenge =
            challenge(&text(&input["protocol"]), iterations, &text(&input["salt_base64"]), &text(&wire["b"]))
                .unwrap();
        let password = SecretString::from(text(&input["password"]));
        let proved = prove(&ephemeral, &text(&input["account_name"]), &password, &challenge);
        match proved {
            Ok(proof) => {
                assert!(ambiguous.is_empty(), "{ambiguous:?}");
                assert_eq!((proof.m1, proof.m2), (text(&wire["m1"]), text(&wire["m2"])));
            }
            Err(error) => {
                assert_eq!(error, SrpError::Ambiguous);
                assert!(ambiguous == ["B"] || ambiguous == ["S"], "{ambiguous:?}");
            }
        }
    }
}

#[test]
fn impossible_values_of_b_are_refused() {
    let ephemeral = Ephemeral::draw().unwrap();
    let prove_with = |b: &[u8]| {
        let challenge = challenge("s2k", 1_000, "AAAA", &BASE64_STANDARD.encode(b)).unwrap();
        prove(&ephemeral, "you@example.com", &SecretString::from("x"), &challenge).err()
    };
    let refused = Some(SrpError::Challenge { member: "b" });
    assert_eq!(prove_with(&[0xff; 256]), refused, "beyond the prime");
    assert_eq!(prove_with(&G2048::generator().params().modulus().to_be_bytes()), refused, "the prime itself");
    assert_eq!(prove_with(&[0xff; 257]), refused, "too long");
    assert_eq!(prove_with(&[0; 256]), Some(SrpError::Ambiguous));
    assert_eq!(prove_with(&[1; 255]), Some(SrpError::Ambiguous));
    assert_eq!(prove_with(&[]), Some(SrpError::Ambiguous));
}

#[test]
fn fresh_numbers_are_fresh_and_have_no_leading_zero() {
    let (one, two) = (Ephemeral::draw().unwrap(), Ephemeral::draw().unwrap());
    assert_ne!(one.public(), two.public());
    assert_eq!(one.public.len(), 256);
}
