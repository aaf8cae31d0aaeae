//! What an image is made of, and the hash that is its name.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::elf::{self, Unfit};
use super::{ImageError, hex};
use crate::domain::image::{Architecture, Base, Image};

/// What mmdebstrap unpacks for the small image: the tools, a shell, and what they stand on.
pub(super) const PACKAGES: &str = "iperf3,iperf,iputils-ping,iputils-tracepath,mtr-tiny,traceroute,iproute2,busybox-static,\
                                   base-files,libc-bin";
/// What turns unpacked packages into an image.
pub(super) const HOOK: &str = include_str!("../../containers/small/extract-hook.sh");
/// The recipe of the image that an engine builds.
pub(super) const DOCKERFILE: &str = include_str!("../../Dockerfile");

/// Where the executable is within an image.
pub const EXECUTABLE: &str = "/usr/local/bin/iperftester";
/// What every image is called, whatever its tag.
pub const NAME: &str = "iperftester-probe";
/// The label of an image with its [`Recipe::hash`].
pub const HASH_LABEL: &str = "iperftester.image";
/// The label of an image with the version of its executable.
const VERSION_LABEL: &str = "iperftester.version";

/// Everything that decides what an image is.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// How it is made.
    pub base: Base,
    /// The Debian release.
    pub suite: String,
    /// The mirror, if a certain one.
    pub mirror: Option<String>,
    /// The executable's file.
    pub executable: PathBuf,
    /// Its bytes.
    pub executable_bytes: u64,
    /// What it runs on.
    pub architecture: Architecture,
    executable_hash: String,
}

impl Recipe {
    /// The recipe for `executable`; where the topology names no base, this machine's programs decide.
    ///
    /// # Errors
    /// [`ImageError::Read`], and its variants for a file that would not run in an image.
    pub fn new(image: &Image, executable: &Path) -> Result<Self, ImageError> {
        let read = |source| ImageError::Read { path: executable.to_owned(), source };
        let mut file = std::fs::File::open(executable).map_err(read)?;
        let architecture = elf::architecture(&mut file).map_err(read)?.map_err(|unfit| {
            let path = executable.to_owned();
            match unfit {
                Unfit::NoExecutable => ImageError::NoExecutable { path },
                Unfit::Dynamic => ImageError::Dynamic { path },
                Unfit::Machine(machine) => ImageError::Machine { path, machine },
            }
        })?;
        let file = std::fs::File::open(executable).map_err(read)?;
        let (executable_hash, executable_bytes) = hash(file).map_err(read)?;
        Ok(Self {
            base: image.base.unwrap_or_else(usual_base),
            suite: image.suite.clone(),
            mirror: image.mirror.clone(),
            executable: executable.to_owned(),
            executable_bytes,
            architecture,
            executable_hash,
        })
    }

    /// Is the executable's file still what it was?
    pub(super) fn is_current(&self) -> bool {
        let now = std::fs::File::open(&self.executable).and_then(hash);
        now.is_ok_and(|(now, _)| now == self.executable_hash)
    }

    /// SHA-256 of all that decides what is below the executable, hexadecimal. The mirror does not: it serves the same release.
    #[must_use]
    pub fn root_hash(&self) -> String {
        let files = match self.base {
            Base::Small => [PACKAGES, HOOK],
            Base::Debian => ["", DOCKERFILE],
        };
        digest(&[self.base.word(), &self.suite, self.architecture.word(), files[0], files[1]])
    }

    /// SHA-256 of the whole recipe and the executable, hexadecimal: the name of the image.
    #[must_use]
    pub fn hash(&self) -> String {
        digest(&[&self.root_hash(), &self.executable_hash])
    }

    /// The image's name in an engine.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("{NAME}:{}", &self.hash()[..12])
    }

    /// The image's labels.
    #[must_use]
    pub fn labels(&self) -> [(&'static str, String); 2] {
        [(HASH_LABEL, self.hash()), (VERSION_LABEL, env!("CARGO_PKG_VERSION").to_owned())]
    }
}

/// The base where the topology names none.
fn usual_base() -> Base {
    if super::small::is_installed() { Base::Small } else { Base::Debian }
}

/// SHA-256 of texts, each with its length before it.
fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// SHA-256 and length of all that is read.
pub(super) fn hash(mut from: impl Read) -> std::io::Result<(String, u64)> {
    let (mut hasher, mut length) = (Sha256::new(), 0);
    let mut chunk = vec![0; 1 << 18];
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok((hex(&hasher.finalize()), length)),
            read => {
                hasher.update(&chunk[..read]);
                length += read as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::elf::tests::made;

    fn recipe(image: &Image, executable: &[u8]) -> Result<Recipe, ImageError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("iperftester");
        std::fs::write(&path, executable).unwrap();
        Recipe::new(image, &path)
    }

    #[test]
    fn the_name_changes_with_each_part_but_the_mirror() {
        let small = Image { base: Some(Base::Small), ..Image::default() };
        let first = recipe(&small, &made(183, 1, false)).unwrap();
        assert_eq!(first.architecture, Architecture::Arm64);
        assert_eq!(first.tag().len(), "iperftester-probe:".len() + 12);
        let again = Image { mirror: Some("http://mirror.example.net/debian".to_owned()), ..small.clone() };
        assert_eq!(recipe(&again, &made(183, 1, false)).unwrap().hash(), first.hash());
        let others = [
            (Image { base: Some(Base::Debian), ..small.clone() }, made(183, 1, false)),
            (Image { suite: "trixie".to_owned(), ..small.clone() }, made(183, 1, false)),
            (small.clone(), made(62, 1, false)),
            (small.clone(), [made(183, 1, false), vec![1]].concat()),
        ];
        let mut hashes = vec![first.hash()];
        for (image, executable) in others {
            hashes.push(recipe(&image, &executable).unwrap().hash());
        }
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), 5);
        let newer = recipe(&small, &[made(183, 1, false), vec![1]].concat()).unwrap();
        assert_eq!(newer.root_hash(), first.root_hash(), "a new executable keeps the root");
    }

    #[test]
    fn a_dynamic_executable_is_refused_with_what_to_do() {
        let fault = Recipe::new(&Image::default(), Path::new("/bin/ls")).unwrap_err();
        assert_eq!(fault.to_string(), "`/bin/ls` is dynamically linked: it needs libraries that an image may not have");
        assert!(fault.hint().unwrap().contains("`make build`"));
    }
}
