//! A file of Drive before its body: the download address says which version it is, in which form it comes and what its
//! checksum is. None of that is in listings.

use super::body::{Home, Whence, retire_older};
use super::record::Settled;
use super::subject::{Document, unknown};
use super::task::{Length, Task};
use crate::http::SignedUrl;
use crate::icloud::drive::{Form, Token};
use crate::model::{ContentHasher, Node};
use crate::state::{self, Proof};
use crate::sync::context::blocking;
use crate::sync::lookup::{Renewed, Renewer};
use crate::sync::{Context, RunError};
use crate::tree::{Access, FileKind, Finish, RelPath, TreeError};

/// What asking for a document gave.
pub(super) enum Met {
    /// Its bytes are there.
    At(SignedUrl),
    /// It has none: nothing is asked for.
    Empty,
    /// Nothing is to be fetched.
    Settled(Settled),
}

/// Asks for the download address of a task's file and makes the task say what is to come.
pub(super) async fn meet(
    ctx: &Context,
    renewer: &Renewer,
    task: &mut Task,
    document: &Document,
) -> Result<Met, RunError> {
    if document.listed == Some(0) && document.is_plain() {
        return be_empty(ctx, task).await;
    }
    let token = match renewer.renew(ctx, task.item.zone, &task.record).await? {
        Renewed::Document(token) => token,
        Renewed::Refused if document.listed.is_none() => return be_empty(ctx, task).await,
        Renewed::Refused => return Ok(Met::Settled(Settled::Failed("iCloud refuses to give it".into()))),
        Renewed::NotYet => {
            return Ok(Met::Settled(Settled::Waiting("a device has not finished uploading it")));
        }
        Renewed::Gone(_) if is_shared(ctx, task).await? => {
            let why = "somebody else shares it, and iCloud does not give it this way";
            return Ok(Met::Settled(Settled::Waiting(why)));
        }
        Renewed::Gone(why) => return Ok(Met::Settled(Settled::Failed(why))),
        Renewed::Found { .. } => {
            return Ok(Met::Settled(Settled::Failed("iCloud gave a photo for it".into())));
        }
    };
    if is_other(&token, document) || (token.form == Form::Package) != document.is_zip {
        renewed(ctx, task, &token).await?;
        return Ok(Met::Settled(Settled::Changed));
    }
    let resource = &mut task.wanted.resource;
    let version = || unknown(&document.tag);
    (resource.checksum, task.length) = match (token.form, document.listed) {
        // What a package's signature is of nobody knows; it is not the zip, which is another one every time.
        (Form::Package, _) => (version(), Length::Open),
        (Form::File, None) => (token.signature.unwrap_or_else(version), Length::Open),
        (Form::File, Some(_)) if document.is_iwork => {
            (token.signature.unwrap_or_else(version), Length::IWork)
        }
        (Form::File, Some(_)) => (token.signature.unwrap_or_else(version), Length::Exact),
    };
    if let Some(home) = is_here(ctx, task).await? {
        return Ok(Met::Settled(Settled::Placed(home)));
    }
    Ok(Met::At(token.url))
}

/// Whether the file is in a share. Those of other people cannot be had this way (rclone #8415, #9477), and listings do not
/// tell whose one is.
async fn is_shared(ctx: &Context, task: &Task) -> Result<bool, RunError> {
    let item = task.item.clone();
    Ok(ctx.read(move |view| state::share_of(view, &item)).await?.is_some())
}

impl Document {
    fn is_plain(&self) -> bool {
        !self.is_zip
    }
}

fn is_other(token: &Token, document: &Document) -> bool {
    let content =
        |etag: &str| etag.split_once("::").map_or_else(|| etag.to_owned(), |(_, half)| half.to_owned());
    token.etag.as_deref().is_some_and(|etag| content(etag) != document.tag)
}

/// The bytes of an empty file are known.
async fn be_empty(ctx: &Context, task: &mut Task) -> Result<Met, RunError> {
    let resource = &mut task.wanted.resource;
    (resource.size, resource.checksum) = (0, ContentHasher::new(false).finish().apple);
    task.length = Length::Exact;
    let here = is_here(ctx, task).await?;
    Ok(here.map_or(Met::Empty, |home| Met::Settled(Settled::Placed(home))))
}

/// The file is another version than was listed, or comes in another form: the catalog learns it, which marks the item
/// anew.
async fn renewed(ctx: &Context, task: &Task, token: &Token) -> Result<(), RunError> {
    let item = task.item.clone();
    let known = {
        let item = item.clone();
        ctx.read(move |view| state::node(view, &item)).await?
    };
    let Some(known) = known else { return Ok(()) };
    let details = ctx.drive.details(std::slice::from_ref(&known.drivewsid)).await?;
    let shown = details.get(&known.drivewsid).cloned().flatten();
    let (package, etag) = (token.form == Form::Package, token.etag.clone());
    ctx.write(move |batch| {
        let Some(old) = state::node(batch, &item)? else { return Ok(()) };
        // Where it lies is for the next crawl to tell.
        let (size, modified_ms) =
            shown.map_or((old.size, old.modified_ms), |now| (now.size, now.modified_ms));
        let etag = etag.unwrap_or_else(|| old.etag.clone());
        batch.put_node(&item, Node { etag, size, modified_ms, ..old })?;
        batch.set_package(&item, package)?;
        Ok(())
    })
    .await?;
    Ok(())
}

/// The very content, where it is to come already: of a lost state, or saved again without a change. Nothing is fetched.
async fn is_here(ctx: &Context, task: &Task) -> Result<Option<Home>, RunError> {
    let resource = &task.wanted.resource;
    let counts = ctx.classes.counts(resource.kind);
    if task.length != Length::Exact
        || resource.checksum.provable().is_none()
        || counts.matched == 0 && counts.unmatched > 0
    {
        return Ok(None);
    }
    let (root, task, date) = (ctx.root.clone(), task.clone(), ctx.today());
    let found = blocking(move || {
        let resource = &task.wanted.resource;
        let there = root.stat(&task.path)?;
        if there.is_none_or(|facts| facts.kind != FileKind::File || facts.size != resource.size)
            || root.hash(&task.path, false)?.apple != resource.checksum
        {
            return Ok(None);
        }
        root.refinish(&task.path, Finish { mtime: task.mtime, access: Access::Shared })?;
        let mut home = Home {
            path: task.path.clone(),
            size: resource.size,
            proof: Proof::Proven,
            matched: (resource.size > 0).then_some(true),
            whence: Whence::Found,
            dirs: vec![task.path.parent()],
            left: None,
            attic: None,
            set_aside: false,
        };
        // A run that was stopped may have placed it, and not have come to the older one.
        if task.replaces.as_ref().is_some_and(|old| old.path != task.path) {
            retire_older(&root, &task, &mut home, date)?;
            home.dirs.extend(home.attic.iter().map(RelPath::parent));
        }
        Ok(Some(home))
    });
    match found.await {
        Ok(found) => Ok(found),
        Err(error) if TreeError::is_disk(&error) => Err(error.into()),
        // What cannot be read is not the content.
        Err(_) => Ok(None),
    }
}
