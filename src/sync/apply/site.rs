//! Where the files of one item go: folder and names, what lies there already, and where their content comes from.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Patience;
use super::donor::{Donation, Donors};
use super::known::{same_time, whereabouts};
use super::names::Names;
use super::subject::{Document, Subject};
use super::task::{Length, Source, Task};
use crate::model::{Checksum, ItemId, Kind};
use crate::state::{self, Lies, PlacedFile, Placement, View};
use crate::sync::RunError;
use crate::sync::plan::{self, Spot, Wanted};
use crate::tree::name::fold;
use crate::tree::{Access, FileKind, Finish, RelPath, Root};

/// The files of an item, laid out.
pub(super) struct LaidOut {
    pub(super) placement: Placement,
    /// Folded paths that are the item's from now on.
    pub(super) taken: Vec<String>,
    pub(super) tasks: Vec<Task>,
    pub(super) adopted: Vec<(String, PlacedFile)>,
    /// Files in place whose photo has another date now.
    pub(super) retimed: Vec<(RelPath, Finish)>,
    /// Whether its name is one until another item has left the name that it should have.
    pub(super) stopgap: bool,
}

/// What laying an item out came to.
pub(super) enum Laying {
    /// Its files have their places.
    Out(LaidOut),
    /// It cannot be laid out, and why, for people.
    Stuck(String),
    /// Another photo will have its content, or another item is about to leave its name: it is looked at again when everything
    /// else is done.
    Later,
}

/// Name of a missing file.
struct FileName {
    name: String,
    /// The name to take when the file that has the first one turns out to be another.
    or_else: Option<String>,
}

/// Where an item's files would go.
pub(super) struct Site<'a, 'b> {
    pub(super) root: &'a Root,
    pub(super) view: &'a View,
    pub(super) item: &'a ItemId,
    /// Paths taken and given free by items before it in the batch.
    pub(super) names: &'a mut Names,
    /// What hashing the file at a path said, so that nothing is read twice.
    pub(super) same: &'a mut HashMap<(String, Checksum), bool>,
    /// Other photos with the same content.
    pub(super) donors: &'a mut Donors<'b>,
    /// How much it is worth to wait for others: see [`super::Patience`].
    pub(super) patience: Patience,
}

impl Site<'_, '_> {
    /// Names, reserved paths and tasks for the missing files.
    pub(super) fn lay_out(
        &mut self,
        subject: &Subject,
        placement: Option<Placement>,
    ) -> Result<Laying, RunError> {
        let waits = subject.document.is_some() && self.waits_for_name(subject, placement.as_ref())?;
        if waits && self.patience == Patience::Long {
            return Ok(Laying::Later);
        }
        let mut placement = match placement {
            Some(placement) => match self.moved(subject, placement)? {
                Some(placement) => placement,
                None => return Ok(Laying::Stuck("no name is free for it in its new folder".into())),
            },
            None => match self.new_placement(subject)? {
                Some(placement) => placement,
                None => return Ok(Laying::Stuck("no name is free for it".into())),
            },
        };
        let missing: Vec<Wanted> =
            plan::missing(&subject.wanted, Some(&placement)).into_iter().cloned().collect();
        let Some(mut given) = self.donations(&placement, subject, &missing)? else {
            return Ok(Laying::Later);
        };
        let mut laid = LaidOut {
            placement: placement.clone(),
            taken: vec![],
            tasks: vec![],
            adopted: vec![],
            retimed: vec![],
            stopgap: waits && self.patience == Patience::Short,
        };
        let mtime = subject.mtime;
        let access = if subject.private { Access::Private } else { Access::Shared };
        for (file, name) in missing.iter().zip(self.names_in(subject, &placement, &missing)?) {
            let Some(FileName { name, or_else }) = name else {
                return Ok(Laying::Stuck(format!(
                    "No free name for the {} of `{}`",
                    file.resource.kind.as_str(),
                    placement.stem
                )));
            };
            let text = placement.path(&name);
            let folded = fold(&text);
            let path = match RelPath::parse(&text) {
                Ok(path) => path,
                Err(error) => return Ok(Laying::Stuck(error.to_string())),
            };
            let or_else = or_else.and_then(|name| RelPath::parse(&placement.path(&name)).ok());
            for folded in
                [Some(folded), or_else.as_ref().map(|path| fold(path.as_str()))].into_iter().flatten()
            {
                self.names.take(folded.clone(), self.item);
                laid.taken.push(folded);
            }
            let old = placement.file(file.resource.kind).cloned();
            let mut placed = PlacedFile {
                kind: file.resource.kind,
                name,
                checksum: file.resource.checksum.clone(),
                size: file.resource.size,
                mtime_ms: mtime.map(Timestamp::as_millisecond),
                proof: None,
                lies: Lies::There,
                pinned: old.as_ref().is_some_and(|old| old.pinned && old.checksum == file.resource.checksum),
                tag: subject.document.as_ref().map(|document| document.tag.clone()),
            };
            if !self.is_left_behind(&placement, old.as_ref())? {
                placed.proof = self.proof_at(&path, &file.resource, old.as_ref())?;
            }
            if placed.proof.is_some() {
                let dated = self.root.stat(&path)?.is_none_or(|facts| same_time(facts.mtime_ns, &placed));
                // A run that was cut off may have moved it and not yet kept others out.
                if !dated || subject.private {
                    laid.retimed.push((path, Finish { mtime, access }));
                }
                laid.adopted.push((text, placed.clone()));
                put(&mut placement, placed);
                continue;
            }
            let lost = old.as_ref().filter(|old| {
                old.proof.is_none() && matches!(old.lies, Lies::Altered(_)) && old.checksum == placed.checksum
            });
            if let Some(old) = lost {
                placed.lies = old.lies.clone();
            }
            let lost = lost.is_some();
            let (mut source, mut replaces) = (None, None);
            match old.filter(|old| old.proof.is_some()) {
                None => {
                    put(&mut placement, placed);
                    source = given.remove(&file.resource.kind);
                }
                Some(old) => {
                    let lies = placement.lies_at(&old);
                    let (lies, same) = (RelPath::parse(&lies).ok(), old.checksum == placed.checksum);
                    if let (Some(lies), false, true) = (&lies, same, self.moves_first(subject, &old)?) {
                        // What iCloud calls otherwise and has other content: first the name, then the content, so that the
                        // ledger knows at every instant what lies where.
                        let mut task = self.task(subject, file, path.clone());
                        (task.wanted.resource.checksum, task.wanted.resource.size) =
                            (old.checksum.clone(), old.size);
                        task.mtime = old.mtime_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
                        task.document = task.document.map(|document| Document {
                            tag: old.tag.clone().unwrap_or_default(),
                            ..document
                        });
                        task.source = Some(Source { path: lies.clone(), file: old.clone(), giver: None });
                        laid.tasks.push(task);
                        laid.stopgap = true;
                        put(&mut placement, PlacedFile { name: placed.name, ..old });
                        continue;
                    }
                    // The ledger goes on telling where the content lies until it is in its place.
                    let moves = match (&old.lies, &lies) {
                        (Lies::Elsewhere(_) | Lies::Attic(_), _) => same,
                        // It only seemed altered, and is to be moved.
                        (Lies::Altered(_), Some(lies)) => {
                            same && *lies != path && self.is_whole(lies, &old)?
                        }
                        _ => false,
                    };
                    if moves {
                        source = lies.map(|path| Source { path, file: old.clone(), giver: None });
                        // What comes back from the attic is on its way from now on: should it be deleted again before that is
                        // recorded, it is looked for.
                        let lies = match old.lies {
                            Lies::Attic(path) => Lies::Elsewhere(path),
                            lies => lies,
                        };
                        put(
                            &mut placement,
                            PlacedFile { proof: old.proof, lies, mtime_ms: old.mtime_ms, ..placed },
                        );
                    } else if !matches!(old.lies, Lies::Attic(_)) {
                        source = given.remove(&file.resource.kind);
                        replaces = lies.map(|path| Source { path, file: old, giver: None });
                    }
                }
            }
            if self.is_left_package(subject, &text)? {
                let old = replaces.as_ref().filter(|old| old.path != path);
                if old.map_or(Ok(true), |old| self.root.stat(&old.path).map(|facts| facts.is_none()))? {
                    let file = placement.file(file.resource.kind).cloned();
                    replaces = file.map(|file| Source { path: path.clone(), file, giver: None });
                }
            }
            let task = self.task(subject, file, path);
            let private_dir = plan::private_dir(&placement.folder).filter(|_| subject.private);
            laid.tasks.push(Task { source, or_else, replaces, lost, private_dir, ..task });
        }
        let outdated: Vec<Kind> = subject.outdated(&placement).map(|file| file.kind).collect();
        for file in placement.files.iter_mut().filter(|file| outdated.contains(&file.kind)) {
            file.mtime_ms = mtime.map(Timestamp::as_millisecond);
            let name = if placement.folder.is_empty() {
                file.name.clone()
            } else {
                format!("{}/{}", placement.folder, file.name)
            };
            laid.retimed.extend(RelPath::parse(&name).ok().map(|path| (path, Finish { mtime, access })));
        }
        laid.placement = placement;
        Ok(Laying::Out(laid))
    }

    /// A file that is to come to that path, from iCloud.
    fn task(&self, subject: &Subject, file: &Wanted, path: RelPath) -> Task {
        Task {
            item: self.item.clone(),
            record: subject.source_of(file.resource.kind).to_owned(),
            wanted: file.clone(),
            path,
            source: None,
            or_else: None,
            replaces: None,
            lost: false,
            mtime: subject.mtime,
            document: subject.document.clone(),
            length: Length::default(),
            private: subject.private,
            private_dir: None,
        }
    }

    /// Whether a file of Drive lies under another name than it should have.
    fn moves_first(&self, subject: &Subject, old: &PlacedFile) -> Result<bool, RunError> {
        let (Some(_), Lies::Elsewhere(lies)) = (&subject.document, &old.lies) else { return Ok(false) };
        let Ok(lies) = RelPath::parse(lies) else { return Ok(false) };
        Ok(self.root.stat(&lies)?.is_some_and(|facts| facts.kind == FileKind::File))
    }

    /// Whether the file lies where it is to be moved from as well: a move by copying was cut off before the old name went.
    fn is_left_behind(&self, placement: &Placement, old: Option<&PlacedFile>) -> Result<bool, RunError> {
        let Some(old) = old.filter(|old| matches!(old.lies, Lies::Elsewhere(_)) && old.proof.is_some())
        else {
            return Ok(false);
        };
        let Ok(path) = RelPath::parse(&placement.lies_at(old)) else { return Ok(false) };
        Ok(self.root.stat(&path)?.is_some())
    }

    /// Files of other photos that have the content of missing ones; `None` when it is better to look again later.
    fn donations(
        &mut self,
        placement: &Placement,
        subject: &Subject,
        missing: &[Wanted],
    ) -> Result<Option<HashMap<Kind, Source>>, RunError> {
        let mut given = HashMap::new();
        let Some(master) = &subject.master else { return Ok(Some(given)) };
        for Wanted { resource, .. } in missing {
            let here = |file: &PlacedFile| file.proof.is_some() && !matches!(file.lies, Lies::Altered(_));
            let own = placement.file(resource.kind).is_some_and(here);
            if own || resource.size == 0 {
                continue;
            }
            match self.donors.ask(self.view, self.item, master, resource)? {
                Donation::None => {}
                Donation::Later => return Ok(None),
                Donation::Here(source) => drop(given.insert(resource.kind, *source)),
            }
        }
        Ok(Some(given))
    }

    /// The placement of an item whose date, layout or hiding puts it into another folder: new names there, and every
    /// file that is on disk known to lie elsewhere. The same placement when the folder is right.
    fn moved(&mut self, subject: &Subject, old: Placement) -> Result<Option<Placement>, RunError> {
        if subject.is_at(&old) && !(subject.is_marked(&old) && self.plain_is_free(subject)?) {
            return Ok(Some(old));
        }
        let new =
            if subject.document.is_some() { self.renamed(subject)? } else { self.new_placement(subject)? };
        let Some(mut new) = new else { return Ok(None) };
        let names = plan::names_for(&new.stem, "", &subject.wanted);
        for file in &old.files {
            let at = subject.wanted.iter().position(|wanted| wanted.resource.kind == file.kind);
            let name = at.and_then(|at| names.files.get(at)).unwrap_or(&file.name).clone();
            let lies = match whereabouts(self.root, &old, file)? {
                Lies::There => Lies::Elsewhere(old.path(&file.name)),
                other => other,
            };
            new.files.push(PlacedFile { name, lies, ..file.clone() });
        }
        Ok(Some(new))
    }

    /// Path that a file of Drive has when nobody is in its way.
    fn plain(subject: &Subject) -> Option<String> {
        let placement =
            Placement { folder: subject.folder.clone(), stem: subject.base.clone(), files: vec![] };
        let names = plan::names_for(&subject.base, "", &subject.wanted);
        names.files.first().map(|name| placement.path(name))
    }

    /// Whether the plain name of a file of Drive could be had.
    fn plain_is_free(&mut self, subject: &Subject) -> Result<bool, RunError> {
        let (Some(plain), Some(wanted)) = (Self::plain(subject), subject.wanted.first()) else {
            return Ok(false);
        };
        Ok(self.spot(&plain, wanted)? == Spot::Free)
    }

    /// Whether a file of Drive is to get a name that another item has and is about to leave: files that swap their names, or
    /// pass them on.
    fn waits_for_name(&self, subject: &Subject, placement: Option<&Placement>) -> Result<bool, RunError> {
        if self.patience == Patience::None
            || placement.is_some_and(|old| subject.is_at(old) && !subject.is_marked(old))
        {
            return Ok(false);
        }
        let Some(plain) = Self::plain(subject) else { return Ok(false) };
        let owner = self.names.owner(self.view, &fold(&plain))?.filter(|owner| owner != self.item);
        Ok(match owner {
            Some(owner) => state::mark(self.view, &owner)?.is_some(),
            None => false,
        })
    }

    /// Folder and stem for a file of Drive that iCloud calls otherwise or has elsewhere: the plain name, when it can be had,
    /// whatever lies under the others.
    fn renamed(&mut self, subject: &Subject) -> Result<Option<Placement>, RunError> {
        let placement =
            Placement { folder: subject.folder.clone(), stem: subject.base.clone(), files: vec![] };
        for mark in plan::stem_marks(&subject.record) {
            let names = plan::names_for(&subject.base, &mark, &subject.wanted);
            let (Some(name), Some(wanted)) = (names.files.first(), subject.wanted.first()) else { break };
            if matches!(self.spot(&placement.path(name), wanted)?, Spot::Free | Spot::Same) {
                return Ok(Some(Placement { stem: names.stem, ..placement }));
            }
        }
        Ok(None)
    }

    /// Folder and stem for an item that has none yet; `None` when no name is free.
    fn new_placement(&mut self, subject: &Subject) -> Result<Option<Placement>, RunError> {
        let placement =
            Placement { folder: subject.folder.clone(), stem: subject.base.clone(), files: vec![] };
        let names = plan::choose_names(&subject.record, &placement.stem, &subject.wanted, |name, file| {
            self.spot(&placement.path(name), file)
        })?;
        Ok(names.map(|names| Placement { stem: names.stem, ..placement }))
    }

    /// File names for the missing files: those reserved before, those of the stem, or marked ones where another
    /// file has taken them meanwhile.
    fn names_in(
        &mut self,
        subject: &Subject,
        placement: &Placement,
        missing: &[Wanted],
    ) -> Result<Vec<Option<FileName>>, RunError> {
        let plain = plan::names_for(&placement.stem, "", &subject.wanted);
        let mut names = Vec::with_capacity(missing.len());
        for file in missing {
            let at = subject.wanted.iter().position(|other| other == file).unwrap_or(0);
            let name = plain.files.get(at).cloned().unwrap_or_default();
            if self.is_left_package(subject, &placement.path(&name))? {
                names.push(Some(FileName { name, or_else: None }));
                continue;
            }
            let own = placement.file(file.resource.kind).is_some_and(|old| {
                let path = placement.path(&old.name);
                let at_its_path = matches!(&old.lies, Lies::There) || old.lies == Lies::Altered(path);
                old.name == name && old.proof.is_some() && at_its_path
            }) || self.is_left_copy(placement, file.resource.kind, &name)?;
            let spot = if own { Spot::Same } else { self.spot(&placement.path(&name), file)? };
            if matches!(spot, Spot::Same | Spot::Free) {
                names.push(Some(FileName { name, or_else: None }));
                continue;
            }
            let alone = std::slice::from_ref(file);
            let marked = plan::choose_names(&subject.record, &placement.stem, alone, |candidate, file| {
                if candidate == name { Ok(Spot::Taken) } else { self.spot(&placement.path(candidate), file) }
            })?;
            let found = marked.as_ref().map_or(Spot::Taken, |marked| marked.spot);
            let other = marked.and_then(|marked| marked.files.into_iter().next());
            names.push(if spot == Spot::Maybe && found != Spot::Same {
                Some(FileName { name, or_else: other })
            } else {
                other.map(|name| FileName { name, or_else: None })
            });
        }
        Ok(names)
    }
}

fn put(placement: &mut Placement, file: PlacedFile) {
    placement.files.retain(|other| other.kind != file.kind);
    placement.files.push(file);
}
