//! Apple's memory of one account: settings, sign-ins under way, codes, tokens.

use crate::auth::{Codes, Desk};
use crate::config::Account;
use crate::entropy::Entropy;
use crate::setup::Consent;
use crate::vault::Vault;

/// Everything the sign-in services know.
#[derive(Debug)]
pub(crate) struct Apple {
    pub(crate) account: Account,
    pub(crate) desk: Desk,
    pub(crate) codes: Codes,
    pub(crate) vault: Vault,
    pub(crate) entropy: Entropy,
    /// Consent of devices, for an account with Advanced Data Protection.
    pub(crate) consent: Consent,
    /// Wrong passwords in a row.
    pub(crate) wrong_passwords: u32,
}

impl Apple {
    pub(crate) fn new(account: Account) -> Apple {
        Apple {
            account,
            desk: Desk::default(),
            codes: Codes::default(),
            vault: Vault::default(),
            entropy: Entropy::new(),
            consent: Consent::default(),
            wrong_passwords: 0,
        }
    }
}
