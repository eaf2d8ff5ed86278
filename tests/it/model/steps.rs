//! What can happen in a history, as values that can be drawn, shrunk, printed and pasted into a test.
//!
//! A [`Pick`] chooses among what is there when the step comes, so that any part of a history is a history. A step for
//! which nothing is there does nothing.

use proptest::prelude::*;

/// Chooses one of several: the remainder decides.
pub(crate) type Pick = u8;

/// One step of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Something changes in iCloud.
    Cloud(Cloud),
    /// Somebody does something to the mirror.
    Person(Act),
    /// A run that ends by itself; everything is compared.
    Sync,
    /// A run that is killed after so many milliseconds.
    Killed(u16),
    /// A run through this trouble.
    Troubled(Pick),
}

/// A change in iCloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cloud {
    Add {
        kind: Pick,
        name: Pick,
        day: Pick,
        hidden: bool,
        pending: bool,
        shared: bool,
        album: Option<Pick>,
    },
    Duplicate(Pick),
    Edit(Pick),
    Revert(Pick),
    Favourite(Pick, bool),
    Hide(Pick, bool),
    Date(Pick, Option<Pick>),
    Title(Pick),
    ShareInAlbum(Pick),
    Rename(Pick, Pick),
    Replace {
        photo: Pick,
        same_master: bool,
    },
    Delete(Pick),
    Restore(Pick),
    Purge(Pick),
    /// Of a deleted photo.
    Expunge(Pick),
    FinishUpload(Pick, bool),
    AddAlbum {
        name: Pick,
        parent: Option<Pick>,
        folder: bool,
    },
    RenameAlbum(Pick, Pick),
    MoveAlbum(Pick, Option<Pick>),
    DeleteAlbum(Pick),
    DeleteFolder(Pick),
    PurgeAlbum(Pick),
    AddMember(Pick, Pick),
    RemoveMember {
        album: Pick,
        member: Pick,
        soft: bool,
    },
    Cover(Pick, Pick),
    MoveToShared {
        photo: Pick,
        soft: bool,
    },
    MoveToPersonal(Pick),
    Ignorable(Pick),
    AddAndPurge,
    /// All tokens of a zone become invalid.
    Reset(Pick),
    /// The server answers irregularly from now on.
    Quirk(Pick),
}

/// An act of a person on the disk. Files are those of the mirror, in order of their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Delete(Pick),
    Overwrite {
        file: Pick,
        same_size: bool,
        same_time: bool,
    },
    Append(Pick),
    Chmod(Pick),
    Touch(Pick),
    /// To another name beside it, or into a folder of one's own.
    Rename(Pick, bool),
    /// A file of one's own, at a name that a photo may want.
    Put {
        day: Pick,
        name: Pick,
        edited: bool,
    },
    /// A symbolic link there.
    Link {
        day: Pick,
        name: Pick,
    },
    RemoveDir(Pick),
}

/// A history of up to `steps` steps, everything in it.
pub(crate) fn history(steps: usize) -> BoxedStrategy<Vec<Step>> {
    let step = prop_oneof![
        11 => cloud().prop_map(Step::Cloud),
        5 => act().prop_map(Step::Person),
        4 => Just(Step::Sync),
        3 => (5_u16..130).prop_map(Step::Killed),
        1 => any::<Pick>().prop_map(Step::Troubled),
    ];
    prop::collection::vec(step, 1..=steps).boxed()
}

/// A history of changes in iCloud alone.
pub(crate) fn changes(steps: usize) -> BoxedStrategy<Vec<Cloud>> {
    // A name given to a file stays when the photo is renamed, so that such histories end in other names.
    let kept = |cloud: &Cloud| !matches!(cloud, Cloud::Rename(..) | Cloud::Reset(_) | Cloud::Quirk(_));
    // What nobody tells of is found by a fresh listing alone.
    let told = |cloud| {
        if let Cloud::FinishUpload(photo, _) = cloud { Cloud::FinishUpload(photo, false) } else { cloud }
    };
    prop::collection::vec(cloud().prop_filter("names are kept", kept).prop_map(told), 1..=steps).boxed()
}

fn cloud() -> BoxedStrategy<Cloud> {
    let p = any::<Pick>;
    let b = any::<bool>;
    let rarely = || prop::bool::weighted(0.15);
    let add = (p(), p(), p(), rarely(), rarely(), rarely(), prop::option::weighted(0.3, p())).prop_map(
        |(kind, name, day, hidden, pending, shared, album)| Cloud::Add {
            kind,
            name,
            day,
            hidden,
            pending,
            shared,
            album,
        },
    );
    let photos = prop_oneof![
        8 => add,
        2 => p().prop_map(Cloud::Duplicate),
        5 => p().prop_map(Cloud::Edit),
        3 => p().prop_map(Cloud::Revert),
        1 => (p(), b()).prop_map(|(photo, on)| Cloud::Favourite(photo, on)),
        3 => (p(), b()).prop_map(|(photo, on)| Cloud::Hide(photo, on)),
        4 => (p(), prop::option::weighted(0.9, p())).prop_map(|(photo, day)| Cloud::Date(photo, day)),
        1 => p().prop_map(Cloud::Title),
        1 => p().prop_map(Cloud::ShareInAlbum),
        2 => (p(), p()).prop_map(|(photo, name)| Cloud::Rename(photo, name)),
        2 => (p(), b()).prop_map(|(photo, same_master)| Cloud::Replace { photo, same_master }),
        4 => p().prop_map(Cloud::Delete),
        3 => p().prop_map(Cloud::Restore),
        2 => p().prop_map(Cloud::Purge),
        2 => p().prop_map(Cloud::Expunge),
        3 => (p(), b()).prop_map(|(photo, silent)| Cloud::FinishUpload(photo, silent)),
        3 => (p(), b()).prop_map(|(photo, soft)| Cloud::MoveToShared { photo, soft }),
        2 => p().prop_map(Cloud::MoveToPersonal),
    ];
    let albums = prop_oneof![
        2 => (p(), prop::option::of(p()), rarely())
            .prop_map(|(name, parent, folder)| Cloud::AddAlbum { name, parent, folder }),
        1 => (p(), p()).prop_map(|(album, name)| Cloud::RenameAlbum(album, name)),
        1 => (p(), prop::option::of(p())).prop_map(|(album, parent)| Cloud::MoveAlbum(album, parent)),
        1 => p().prop_map(Cloud::DeleteAlbum),
        1 => p().prop_map(Cloud::DeleteFolder),
        1 => p().prop_map(Cloud::PurgeAlbum),
        3 => (p(), p()).prop_map(|(album, photo)| Cloud::AddMember(album, photo)),
        2 => (p(), p(), b()).prop_map(|(album, member, soft)| Cloud::RemoveMember { album, member, soft }),
        1 => (p(), p()).prop_map(|(album, member)| Cloud::Cover(album, member)),
    ];
    prop_oneof![
        10 => photos,
        2 => albums,
        1 => prop_oneof![
            p().prop_map(Cloud::Ignorable),
            Just(Cloud::AddAndPurge),
            p().prop_map(Cloud::Reset),
            p().prop_map(Cloud::Quirk),
        ],
    ]
    .boxed()
}

fn act() -> BoxedStrategy<Act> {
    let p = any::<Pick>;
    let b = any::<bool>;
    prop_oneof![
        3 => p().prop_map(Act::Delete),
        3 => (p(), b(), b()).prop_map(|(file, same_size, same_time)| Act::Overwrite { file, same_size, same_time }),
        2 => p().prop_map(Act::Append),
        1 => p().prop_map(Act::Chmod),
        1 => p().prop_map(Act::Touch),
        2 => (p(), b()).prop_map(|(file, beside)| Act::Rename(file, beside)),
        3 => (p(), p(), b()).prop_map(|(day, name, edited)| Act::Put { day, name, edited }),
        1 => (p(), p()).prop_map(|(day, name)| Act::Link { day, name }),
        1 => p().prop_map(Act::RemoveDir),
    ]
    .boxed()
}
