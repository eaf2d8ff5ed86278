//! Following a job file that asks for other views than before: every album is looked at once.

use super::pass::smart_id;
use crate::config::AlbumView;
use crate::state::{self, ViewMark};
use crate::sync::{Context, RunError, policy};

/// Marks every album when views are kept for the first time, or otherwise than before.
pub(super) fn follow(ctx: &Context) -> Result<(), RunError> {
    let albums = &ctx.job.photos.albums;
    let wanted = (albums.view != AlbumView::Off).then(|| fingerprint(ctx));
    let view = ctx.state.view()?;
    if state::views(&view)? == wanted {
        return Ok(());
    }
    let mut all: Vec<_> = state::view_albums(&view)?.into_iter().map(|(album, _)| album).collect();
    if wanted.is_some() {
        for (zone, _) in state::zones(&view)? {
            let albums = state::albums(&view, zone)?.into_iter().filter(|album| !album.deleted);
            all.extend(albums.map(|album| crate::model::ItemId { zone, record: album.record }));
        }
        all.extend(albums.smart.iter().map(|smart| smart_id(*smart)));
    }
    drop(view);
    ctx.state.write(|batch| {
        for album in all {
            batch.mark_view(&ViewMark::Album(album))?;
        }
        batch.set_views(wanted.as_deref())
    })?;
    Ok(())
}

/// What of the job file decides which entries there are and how they are made. What decides about photos is part of it:
/// an album shows what the mirror has.
fn fingerprint(ctx: &Context) -> String {
    let albums = &ctx.job.photos.albums;
    let smart: Vec<_> = albums.smart.iter().map(|smart| smart.as_str()).collect();
    format!(
        "view={} path={} include={} exclude={} smart={smart:?} {}",
        albums.view.as_str(),
        albums.path,
        albums.include,
        albums.exclude,
        policy::fingerprint(&ctx.job.photos)
    )
}
