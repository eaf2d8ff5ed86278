//! The library of the demonstration, and what a phone does to it between two runs.

use icloud_sim::Control;
use icloud_sim::photos::{Inventory, LibrarySpec, Mutation, NewPhoto, PhotoKind, Sizes};

use crate::cli::{Exit, Failure};
use crate::clock;

/// A library of that many photos, with a bit of everything.
pub(super) fn spec(assets: u32) -> LibrarySpec {
    LibrarySpec {
        assets: assets as usize,
        albums: (assets as usize / 40).clamp(3, 12),
        folders: 2,
        seed: 7,
        sizes: Sizes::Small,
        now_ms: clock::now().as_millisecond(),
        ..LibrarySpec::default()
    }
}

/// Takes, edits and deletes a few photos. Tells what was done, a line each.
pub(super) fn change(control: &Control) -> Result<Vec<String>, Failure> {
    let inventory = control.inventory();
    let mut done = Vec::new();
    let mut act = |mutation: Mutation, what: String| {
        let now = control.now_ms();
        control
            .photos(|photos| photos.mutate(mutation, now))
            .map_err(|why| Failure::new(Exit::Service, format!("The simulated phone failed: {why}")))?;
        done.push(what);
        Ok::<_, Failure>(())
    };
    for (kind, what) in [(PhotoKind::Live, "a Live Photo is taken"), (PhotoKind::Mov, "a video is taken")] {
        act(Mutation::AddPhoto(NewPhoto { kind, ..NewPhoto::default() }), what.to_owned())?;
    }
    let mut photos = plain(&inventory).into_iter();
    if let Some((asset, name)) = photos.next() {
        act(Mutation::Edit { asset }, format!("{name} is edited"))?;
    }
    if let Some((asset, name)) = photos.next() {
        act(Mutation::SetFavorite { asset, on: true }, format!("{name} becomes a favourite"))?;
    }
    if let Some((asset, name)) = photos.next() {
        act(Mutation::Delete { asset }, format!("{name} is deleted"))?;
    }
    if let (Some((asset, name)), Some((album, title))) = (photos.next(), album(&inventory)) {
        act(Mutation::AddMember { album, asset }, format!("{name} goes into the album “{title}”"))?;
    }
    Ok(done)
}

/// Ordinary photos, by record name and file name.
fn plain(inventory: &Inventory) -> Vec<(String, String)> {
    let assets = inventory.zones.iter().take(1).flat_map(|zone| &zone.assets);
    assets
        .filter(|asset| !asset.hidden && !asset.deleted && asset.resources.len() == 1)
        .filter_map(|asset| Some((asset.record_name.clone(), asset.file_name.clone()?)))
        .filter(|(_, name)| name.starts_with("IMG_"))
        .collect()
}

/// An album with a name.
fn album(inventory: &Inventory) -> Option<(String, String)> {
    let albums = inventory.zones.iter().flat_map(|zone| &zone.albums);
    albums.filter(|album| !album.folder).find_map(|a| Some((a.record_name.clone(), a.name.clone()?)))
}
