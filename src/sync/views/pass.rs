//! What the steps of one pass over the views share.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{AlbumView, SmartAlbum};
use crate::model::{ItemId, ZoneId};
use crate::state::{self, Form, SMART_ZONE};
use crate::sync::plan::library_in_scope;
use crate::sync::{Context, RunError};
use crate::tree::Abilities;

/// What the record names of smart albums begin with.
const SMART: &str = "smart:";

/// One pass over the views.
pub(super) struct Pass<'a> {
    pub(super) ctx: &'a Context,
    /// Whether the disk is only looked at.
    pub(super) dry: bool,
    /// The libraries of the job.
    pub(super) zones: BTreeMap<u16, ZoneId>,
    /// How entries are made; `None` where there are none, only playlists or nothing at all.
    pub(super) form: Option<Form>,
    /// Albums that have a name on disk and are not to be there any more.
    pub(super) leaving: BTreeSet<ItemId>,
    /// Whether the brake holds photos that are gone.
    pub(super) held: bool,
    /// Photos whose files are not where the ledger has them, and one of them.
    pub(super) lost: (u64, String),
    made_before: u64,
}

impl<'a> Pass<'a> {
    pub(super) fn begin(ctx: &'a Context, dry: bool) -> Result<Self, RunError> {
        let zones = state::zones(&ctx.state.view()?)?.into_iter();
        let zones = zones.filter(|(_, row)| library_in_scope(&row.id, &ctx.job.photos));
        let form = match ctx.job.photos.albums.view {
            AlbumView::Hardlink => Some(Form::Hardlink),
            AlbumView::Symlink => Some(Form::Symlink),
            AlbumView::Copy => Some(Form::Copy),
            AlbumView::Reflink => Some(Form::Reflink),
            AlbumView::Playlist | AlbumView::Off => None,
        };
        // A run that touches nothing cannot find out what the disk can do.
        let form = match form {
            Some(form) if !dry => Some(possible(form, ctx.root.abilities()?)),
            form => form,
        };
        Ok(Self {
            ctx,
            dry,
            zones: zones.map(|(number, row)| (number, row.id)).collect(),
            form,
            leaving: BTreeSet::new(),
            held: ctx.tally.outcome().held > 0,
            lost: (0, String::new()),
            made_before: ctx.tally.outcome().views.made,
        })
    }

    /// Whether albums are playlists.
    pub(super) fn lists(&self) -> bool {
        self.ctx.job.photos.albums.view == AlbumView::Playlist
    }

    /// The smart album behind a record name, if the job file asks for it.
    pub(super) fn smart(&self, album: &ItemId) -> Option<SmartAlbum> {
        let word = album.record.strip_prefix(SMART).filter(|_| album.zone == SMART_ZONE)?;
        self.ctx.job.photos.albums.smart.iter().copied().find(|smart| smart.as_str() == word)
    }

    /// Tells what is worth a line.
    pub(super) fn end(&self) {
        let (ctx, view) = (self.ctx, self.ctx.job.photos.albums.view);
        let made = ctx.tally.outcome().views.made > self.made_before;
        if let Some(form) = self.form.filter(|form| made && word(*form) != view.as_str()) {
            ctx.warn(format!(
                "The destination's file system has no {}s, so albums are shown as {} instead",
                view.as_str(),
                match form {
                    Form::Copy => "copies",
                    Form::Hardlink => "hardlinks",
                    Form::Symlink => "symlinks",
                    Form::Reflink => "reflinks",
                }
            ));
        }
        let (lost, example) = &self.lost;
        if *lost > 0 {
            ctx.warn(format!(
                "{lost} photos of albums have no file where larder put it, such as `{example}`; their entries were \
                 left as they are"
            ));
        }
    }
}

/// The album that stands for a smart one.
pub(super) fn smart_id(smart: SmartAlbum) -> ItemId {
    ItemId { zone: SMART_ZONE, record: format!("{SMART}{}", smart.as_str()) }
}

/// Forms to try one after the other, the wanted one first.
pub(super) fn next_best(form: Form) -> &'static [Form] {
    use Form::{Copy, Hardlink, Reflink, Symlink};
    match form {
        Hardlink => &[Hardlink, Reflink, Symlink, Copy],
        Reflink => &[Reflink, Hardlink, Symlink, Copy],
        Symlink => &[Symlink, Hardlink, Reflink, Copy],
        Copy => &[Copy],
    }
}

fn possible(form: Form, can: Abilities) -> Form {
    let works = |form: &&Form| match form {
        Form::Hardlink => can.hardlink,
        Form::Symlink => can.symlink,
        Form::Reflink => can.reflink,
        Form::Copy => true,
    };
    next_best(form).iter().find(works).copied().unwrap_or(Form::Copy)
}

fn word(form: Form) -> &'static str {
    match form {
        Form::Hardlink => "hardlink",
        Form::Symlink => "symlink",
        Form::Copy => "copy",
        Form::Reflink => "reflink",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_disk_cannot_do_is_replaced_by_the_next_best() {
        let can = |hardlink, symlink, reflink| Abilities { hardlink, symlink, reflink };
        for (form, abilities, expected) in [
            (Form::Hardlink, can(true, true, true), Form::Hardlink),
            (Form::Hardlink, can(false, true, true), Form::Reflink),
            (Form::Hardlink, can(false, true, false), Form::Symlink),
            (Form::Reflink, can(true, true, false), Form::Hardlink),
            (Form::Symlink, can(false, false, false), Form::Copy),
            (Form::Copy, can(true, true, true), Form::Copy),
        ] {
            assert_eq!(possible(form, abilities), expected, "{form:?} {abilities:?}");
        }
    }
}
