//! `larder ls`: what iCloud holds, from the catalog.

use std::io::{self, Write};

use crate::cli::args::{Global, Ls, What};
use crate::cli::job::load;
use crate::cli::{Console, Exit, Failure};
use crate::model::Part;
use crate::report::figures::{bytes, counted, shown};
use crate::report::holdings;
use crate::report::holdings::{AlbumEntry, Holdings, LibraryEntry, PhotoEntry};

pub(super) fn ls(global: &Global, console: &Console, args: &Ls) -> Result<Exit, Failure> {
    let loaded = load(global)?.only(Some(args.what.part()))?;
    if args.what == What::Drive {
        return super::ls_drive::ls(&loaded, console, args.path.as_deref().unwrap_or_default());
    }
    let reader = loaded.reader(Part::Photos)?;
    let view = reader.view()?;
    let holdings = holdings(&view)?;
    let place = match &args.path {
        None => None,
        Some(path) => Some(holdings.find(path).ok_or_else(|| {
            let known = holdings.libraries.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join("`, `");
            let message = format!("No library or album is called `{path}`");
            let hint = Some(format!("libraries: `{known}`; `larder ls` lists the albums"));
            Failure { exit: Exit::Usage, message, hint }
        })?),
    };
    let written = if console.json {
        write_json(&holdings, place)
    } else {
        match place {
            None => {
                write_libraries(console, &holdings);
                Ok(Ok(()))
            }
            Some(place) => write_photos(&holdings, place),
        }
    };
    match written? {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Disk, format!("Cannot write: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}

type Written = Result<io::Result<()>, Failure>;

fn write_libraries(console: &Console, holdings: &Holdings<'_>) {
    for library in &holdings.libraries {
        let albums = library.albums.iter().filter(|album| !album.folder).count() as u64;
        let (photos, albums) =
            (counted(library.photos, "photo", "photos"), counted(albums, "album", "albums"));
        console.out(&format!("{}  {photos}, {albums}\n", console.paint(&library.name, "1")));
        for album in &library.albums {
            let what = if album.folder { "folder".into() } else { counted(album.photos, "photo", "photos") };
            console.out(&format!("  {}  {what}\n", shown(&album.path)));
        }
    }
}

fn write_photos(holdings: &Holdings<'_>, place: (&LibraryEntry, Option<&AlbumEntry>)) -> Written {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = holdings.photos(Some(place), |photo| writeln!(out, "{}", line(&photo)))?;
    Ok(written.and_then(|()| out.flush()))
}

/// One photo on a line: date, size, marks, name, and what is not on disk.
fn line(photo: &PhotoEntry) -> String {
    let created = photo.created.map_or_else(|| " ".repeat(16), |t| t.strftime("%Y-%m-%d %H:%M").to_string());
    let size = photo.size.map(bytes).unwrap_or_default();
    let marks = [(photo.favourite, '*'), (photo.hidden, 'h')].map(|(on, c)| if on { c } else { ' ' });
    let marks: String = marks.iter().collect();
    let name = shown(photo.name.as_deref().unwrap_or(&photo.id));
    let missing = photo.resources.iter().filter(|resource| resource.path.is_none()).count();
    let missing = if missing > 0 { format!("  [{missing} not on disk]") } else { String::new() };
    format!("{created}  {size:>11} {marks} {name}{missing}")
}

/// One document, written as it is read: a large library never sits in memory.
fn write_json(holdings: &Holdings<'_>, place: Option<(&LibraryEntry, Option<&AlbumEntry>)>) -> Written {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let head = (|| {
        out.write_all(b"{\"libraries\":")?;
        serde_json::to_writer(&mut out, &holdings.libraries)?;
        out.write_all(b",\"photos\":[")
    })();
    if head.is_err() {
        return Ok(head);
    }
    let mut first = true;
    let body = holdings.photos(place, |photo| {
        out.write_all(if std::mem::take(&mut first) { b"\n" } else { b",\n" })?;
        Ok(serde_json::to_writer(&mut out, &photo)?)
    })?;
    Ok(body.and_then(|()| out.write_all(b"\n]}\n")).and_then(|()| out.flush()))
}
