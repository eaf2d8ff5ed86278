//! The gate before drivews and docws: partition, session, consent, form of the call (drive.md 1, 16 and 19).

use crate::apple::Apple;
use crate::config::{AccountKind, Region};
use crate::drive::Refusal;
use crate::endpoint::DriveCall;
use crate::request::Incoming;
use crate::setup;
use crate::vault::Worth;

/// Calls of drivews and docws that change something.
const WRITES: [&str; 10] = [
    "createFolders",
    "renameItems",
    "moveItems",
    "moveItemsToTrash",
    "putBackItemsFromTrash",
    "deleteItems",
    "upload/web",
    "update/documents",
    "setItemDetails",
    "emptyTrash",
];

/// Whether a call would change something in iCloud.
pub(crate) fn is_write(call: &str) -> bool {
    WRITES.contains(&call)
}

/// Lets a call through to the drive, or says how it is refused.
pub(crate) fn admit(
    apple: &Apple,
    (region, partition): (Region, u32),
    call: &DriveCall,
    request: &Incoming,
    now_ms: i64,
) -> Result<(), Refusal> {
    let account = &apple.account;
    let refuse = |status, reason, why: &str| {
        Err(if call.is_docws() {
            Refusal::docws(status, reason, why)
        } else {
            Refusal::drivews(status, reason, why)
        })
    };
    let again = "Authentication required";
    if (region, partition) != (account.region, account.partition) {
        return refuse(421, again, "The account lives in another partition");
    }
    if let Some(why) = setup::broken_jar(request) {
        return refuse(421, again, &why);
    }
    if request.header("Origin") != Some(region.home()) {
        return Err(Refusal::no_token("Origin is not HOME"));
    }
    let Some(token) = request.cookie("X-APPLE-WEBAUTH-TOKEN") else {
        return Err(Refusal::no_token("Missing X-APPLE-WEBAUTH-TOKEN cookie"));
    };
    match apple.vault.web_session(&token, now_ms) {
        Worth::Good(_) => {}
        Worth::Ended => return refuse(421, again, "The session has ended"),
        Worth::NeverIssued => {
            return Err(Refusal::no_token("X-APPLE-WEBAUTH-TOKEN was never issued"));
        }
    }
    if account.kind == AccountKind::WebAccessOff || account.drive != crate::config::DriveService::Active {
        return refuse(403, "Access denied", "Drive is not to be had over the web");
    }
    if !setup::admits(apple, &setup::OF_DRIVE, request, now_ms) {
        return refuse(423, "Missing PCS cookies from the request", "No device has consented");
    }
    let json = ["application/json", "text/plain"].iter().any(|media| request.has_content_type(media));
    if request.method == "POST" && !json {
        return refuse(415, "Unsupported Media Type", "Content-Type is not JSON's");
    }
    if matches!(call, DriveCall::Write(_)) {
        return refuse(403, "Operation not permitted", "A writing call");
    }
    Ok(())
}
