//! The probe image: a recipe whose hash is its name, and the archive that is made by it once and kept.
//!
//! Two ways lead to it. The small image is Debian's packages unpacked by mmdebstrap, and needs no engine; the other is built
//! by an engine from the `Dockerfile`, which whoever talks to engines does (`backend::docker`).
#![allow(clippy::disallowed_methods, reason = "an edge: it reads and writes files")]

use std::path::PathBuf;

use crate::domain::image::Base;

mod archive;
mod cache;
mod elf;
mod recipe;
mod small;
mod sources;
mod workshop;

pub use archive::context;
pub use cache::{Cache, Draft};
pub use recipe::{EXECUTABLE, HASH_LABEL, NAME, Recipe};

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The executable would run on no system that an image has.
    #[error("`{}` is no executable of 64-bit Linux", path.display())]
    NoExecutable {
        /// Its file.
        path: PathBuf,
    },
    /// The executable needs more than itself.
    #[error("`{}` is dynamically linked: it needs libraries that an image may not have", path.display())]
    Dynamic {
        /// Its file.
        path: PathBuf,
    },
    /// The executable is for a machine without images.
    #[error("`{}` is for a machine that no image is made for (ELF {machine})", path.display())]
    Machine {
        /// Its file.
        path: PathBuf,
        /// The machine's number (elf(5), `e_machine`).
        machine: u16,
    },
    /// The executable is another than the one that the recipe was made for.
    #[error("`{}` was replaced meanwhile", path.display())]
    Replaced {
        /// Its file.
        path: PathBuf,
    },
    /// A file of the cache could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// There is no folder to unpack a root in.
    #[error("cannot make a folder in `{}`, where the image would be unpacked", temporary.display())]
    Workshop {
        /// The folder of temporary files.
        temporary: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The small image needs a program that is not there.
    #[error("mmdebstrap is not installed, by which the small image is made")]
    NoMmdebstrap,
    /// That program needs to be root, at least in a user namespace of its own.
    #[error("mmdebstrap is not run by root and can make no user namespace here")]
    NoRoot,
    /// That program failed.
    #[error("mmdebstrap could not make the image: {complaint}")]
    Mmdebstrap {
        /// What it said.
        complaint: String,
    },
    /// An engine refused a step.
    #[error("the engine cannot {action} the image")]
    Engine {
        /// `build`, `export`, `find`, `load`.
        action: &'static str,
        /// Its reason.
        source: bollard::errors::Error,
    },
    /// An engine took the image and has not got it.
    #[error("the engine took the image {tag} and does not have it")]
    Lost {
        /// The image.
        tag: String,
    },
    /// An engine runs on another architecture.
    #[error("the engine runs on {engine} and this iperftester is built for {executable}")]
    Architecture {
        /// The engine's, in its own word.
        engine: String,
        /// The executable's.
        executable: &'static str,
        /// What the engine needs, where images are made for that at all.
        hint: String,
    },
}

impl ImageError {
    /// What to try.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoExecutable { .. } | Self::Dynamic { .. } => Some("use the executable that `make build` leaves: it is static".to_owned()),
            Self::Write { path, source } if source.kind() == std::io::ErrorKind::StorageFull => Some(format!(
                "make room for some 100 MB where `{}` is, or set XDG_CACHE_HOME to another folder",
                path.parent().unwrap_or(path).display()
            )),
            Self::Write { .. } => Some("set XDG_CACHE_HOME to a folder that this user may write to".to_owned()),
            Self::Workshop { .. } => {
                Some("set TMPDIR to a folder with some 200 MB of room that this user may write to".to_owned())
            }
            Self::NoMmdebstrap => {
                Some("`apt-get install mmdebstrap`, or write `image: { base: debian }` to have an engine build it".to_owned())
            }
            Self::NoRoot => Some(
                "`apt-get install uidmap`, with a range for this user in /etc/subuid and /etc/subgid, or run this through sudo"
                    .to_owned(),
            ),
            Self::Mmdebstrap { .. } => Some(
                "see that this machine reaches a mirror of that release, name one by `image: { mirror: URI }`, and that \
                 debian-archive-keyring is installed"
                    .to_owned(),
            ),
            Self::Engine { action: "build", .. } => {
                Some("see that the engine reaches a registry and a mirror, or write `image: { base: small }`".to_owned())
            }
            Self::Architecture { hint, .. } => Some(hint.clone()),
            Self::Replaced { .. } => Some("try once more".to_owned()),
            Self::Read { .. } | Self::Machine { .. } | Self::Engine { .. } | Self::Lost { .. } => None,
        }
    }
}

/// What is being done, for whoever waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// mmdebstrap unpacks a release.
    Unpack {
        /// Which.
        suite: &'a str,
    },
    /// The archive is put together.
    Pack,
    /// A line of the engine that builds it.
    Said(&'a str),
    /// An engine pulls it.
    Pull {
        /// The registry.
        from: &'a str,
    },
    /// An engine pushes it.
    Push {
        /// The registry.
        to: &'a str,
    },
}

/// An image that can be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// A docker-archive: engines load it as it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Was it made just now?
    pub is_new: bool,
}

/// The archive of `recipe` that the cache has, used now; `None` where it has none that is sound.
#[must_use]
pub fn cached(recipe: &Recipe, cache: &Cache) -> Option<Archive> {
    let kept = cache.kept(&archive_name(recipe))?;
    cache.use_now(&[&archive_name(recipe), &root_name(recipe)]);
    Some(Archive { path: kept.path, bytes: kept.bytes, is_new: false })
}

/// Is the archive of `recipe` made? Whether it is still as it was written is not looked at, for that takes a second.
///
/// # Errors
/// [`ImageError::NoMmdebstrap`], where it is not and that is needed to make it.
pub fn is_made(recipe: &Recipe, cache: &Cache) -> Result<bool, ImageError> {
    let is_there = |name: &str| cache.path(name).is_file();
    if is_there(&archive_name(recipe)) {
        return Ok(true);
    }
    let unpacks = recipe.base == Base::Small && !is_there(&root_name(recipe));
    if unpacks && !small::is_installed() { Err(ImageError::NoMmdebstrap) } else { Ok(false) }
}

/// Makes the archive of `recipe` whatever the cache has; the small image's root is taken from there where `keep_root`.
///
/// # Errors
/// [`ImageError`]; nothing half made is left.
pub async fn make(
    recipe: &Recipe,
    cache: &Cache,
    keep_root: bool,
    by_engine: impl AsyncFnOnce(&mut Draft, &mut dyn FnMut(Step<'_>)) -> Result<(), ImageError>,
    tell: &mut dyn FnMut(Step<'_>),
) -> Result<Archive, ImageError> {
    let mut draft = cache.draft(&archive_name(recipe))?;
    match recipe.base {
        Base::Small => {
            let name = root_name(recipe);
            let root = match cache.kept(&name).filter(|_| keep_root) {
                Some(root) => root,
                None => {
                    tell(Step::Unpack { suite: &recipe.suite });
                    let mut draft = cache.draft(&name)?;
                    small::root(recipe, &mut draft).await?;
                    draft.keep()?
                }
            };
            tell(Step::Pack);
            archive::write(recipe, &root, &mut draft).map_err(|source| draft.fault(source))?;
        }
        Base::Debian => by_engine(&mut draft, tell).await?,
    }
    // Some time has gone by since the recipe was made.
    if !recipe.is_current() {
        return Err(ImageError::Replaced { path: recipe.executable.clone() });
    }
    let kept = draft.keep()?;
    cache.use_now(&[&root_name(recipe)]);
    cache.forget_behind(&kept);
    Ok(Archive { path: kept.path, bytes: kept.bytes, is_new: true })
}

fn archive_name(recipe: &Recipe) -> String {
    format!("{}.tar", recipe.hash())
}

fn root_name(recipe: &Recipe) -> String {
    format!("root-{}.tar", recipe.root_hash())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::i18n::sentences::told;

    #[test]
    fn every_error_has_its_sentence_and_its_hint_in_spanish() {
        let path = || PathBuf::from("/c/images/x.tar");
        let io = |kind| std::io::Error::new(kind, "the system's words");
        let action = "build";
        let errors = [
            ImageError::NoExecutable { path: path() },
            ImageError::Dynamic { path: path() },
            ImageError::Replaced { path: path() },
            ImageError::Write { path: path(), source: io(std::io::ErrorKind::StorageFull) },
            ImageError::Write { path: path(), source: io(std::io::ErrorKind::PermissionDenied) },
            ImageError::Workshop { temporary: path(), source: io(std::io::ErrorKind::PermissionDenied) },
            ImageError::NoMmdebstrap,
            ImageError::NoRoot,
            ImageError::Mmdebstrap { complaint: "words".to_owned() },
            ImageError::Engine { action, source: bollard::errors::Error::RequestTimeoutError },
        ];
        for error in errors {
            let hint = error.hint().unwrap_or_else(|| panic!("{error} has no hint"));
            for text in [error.to_string(), hint] {
                assert_ne!(told(Lang::Es, &text), text);
            }
        }
        let full = ImageError::Write { path: path(), source: io(std::io::ErrorKind::StorageFull) };
        assert!(full.hint().unwrap().starts_with("make room for some 100 MB where `/c/images` is"));
    }
}
