//! An image as one file that every engine loads: the docker-archive form, a tar of a manifest, a configuration and layers
//! (Docker Image Specification v1.2). The same input gives the same bytes.

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use serde_json::json;

use super::cache::Kept;
use super::recipe::{DOCKERFILE, EXECUTABLE, Recipe, hash};

/// The time in every image, 2025-01-01: when it was made is no part of what it is.
pub(super) const MADE_AT_SECONDS: u64 = 1_735_689_600;
const MADE_AT: &str = "2025-01-01T00:00:00Z";
/// The user of a probe, who is no one on the host.
const USER: &str = "10001:10001";
/// Unit of a tar (POSIX.1-2017, pax).
const BLOCK: u64 = 512;

/// Writes the image of `recipe` over the layer `root`.
pub(super) fn write(recipe: &Recipe, root: &Kept, out: &mut impl Write) -> std::io::Result<()> {
    let (executable_layer, executable_layer_bytes) = hash(layer(&recipe.executable, recipe.executable_bytes)?)?;
    let configuration = configuration(recipe, [&root.hash, &executable_layer]);
    let configuration_name = format!("{}.json", hash(configuration.as_bytes())?.0);
    let names = [format!("{}.tar", root.hash), format!("{executable_layer}.tar")];
    let manifest = json!([{ "Config": configuration_name, "RepoTags": [recipe.tag()], "Layers": names }]).to_string();
    let mut archive = tar::Builder::new(out);
    let mut add = |name: &str, bytes: u64, content: &mut dyn Read| {
        let mut header = header(bytes, 0o644);
        archive.append_data(&mut header, name, content)
    };
    add("manifest.json", manifest.len() as u64, &mut manifest.as_bytes())?;
    add(&configuration_name, configuration.len() as u64, &mut configuration.as_bytes())?;
    add(&names[0], root.bytes, &mut File::open(&root.path)?)?;
    add(&names[1], executable_layer_bytes, &mut layer(&recipe.executable, recipe.executable_bytes)?)?;
    archive.into_inner()?.flush()
}

/// The layer with the executable, as a tar that is made while it is read.
fn layer(executable: &Path, bytes: u64) -> std::io::Result<impl Read> {
    Ok(entry(EXECUTABLE.trim_start_matches('/'), bytes, File::open(executable)?)?.chain(end()))
}

/// What an engine builds an image of base `debian` from, as a tar that is made while it is read: the Dockerfile, and the
/// executable as `iperftester`.
///
/// # Errors
/// The system's, where the executable cannot be read.
pub fn context(recipe: &Recipe) -> std::io::Result<impl Read + Send + use<>> {
    let dockerfile = entry("Dockerfile", DOCKERFILE.len() as u64, DOCKERFILE.as_bytes())?;
    let executable = entry("iperftester", recipe.executable_bytes, File::open(&recipe.executable)?)?;
    Ok(dockerfile.chain(executable).chain(end()))
}

/// An executable file within a tar: header, content, and zeros up to the next block.
fn entry<R: Read>(name: &str, bytes: u64, content: R) -> std::io::Result<impl Read + use<R>> {
    let mut header = header(bytes, 0o755);
    header.set_path(name)?;
    header.set_cksum();
    let behind = bytes.next_multiple_of(BLOCK) - bytes;
    Ok(Cursor::new(header.as_bytes().to_vec()).chain(content.take(bytes)).chain(std::io::repeat(0).take(behind)))
}

/// The end of a tar.
fn end() -> impl Read + Send {
    std::io::repeat(0).take(2 * BLOCK)
}

fn header(bytes: u64, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MADE_AT_SECONDS);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

fn configuration(recipe: &Recipe, layers: [&str; 2]) -> String {
    let labels: std::collections::BTreeMap<_, _> = recipe.labels().into();
    let step = |text: String| json!({ "created": MADE_AT, "created_by": text });
    json!({
        "architecture": recipe.architecture.word(),
        "os": "linux",
        "created": MADE_AT,
        "config": {
            "Entrypoint": [EXECUTABLE],
            "Cmd": ["wait"],
            "User": USER,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "WorkingDir": "/",
            "Labels": labels,
        },
        "rootfs": { "type": "layers", "diff_ids": layers.map(|hash| format!("sha256:{hash}")) },
        "history": [
            step(format!("iperftester: the tools of Debian {}", recipe.suite)),
            step(format!("iperftester: {EXECUTABLE}")),
        ],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::domain::image::{Base, Image};
    use crate::image::cache::Cache;
    use crate::image::elf::tests::made;

    /// A root with one file, and an executable whose length is no multiple of a block.
    fn archive(folder: &Path) -> (Recipe, Vec<u8>) {
        let executable = folder.join("iperftester");
        std::fs::write(&executable, [made(183, 1, false), vec![7; 1000]].concat()).unwrap();
        let image = Image { base: Some(Base::Small), ..Image::default() };
        let recipe = Recipe::new(&image, &executable).unwrap();
        let mut draft = Cache::new(folder.join("cache")).draft("root.tar").unwrap();
        let mut root = tar::Builder::new(&mut draft);
        root.append_data(&mut header(5, 0o644), "etc/hostname", &b"probe"[..]).unwrap();
        root.finish().unwrap();
        drop(root);
        let mut bytes = vec![];
        write(&recipe, &draft.keep().unwrap(), &mut bytes).unwrap();
        (recipe, bytes)
    }

    fn entries(bytes: &[u8]) -> BTreeMap<String, (u32, Vec<u8>)> {
        let mut archive = tar::Archive::new(bytes);
        let entry = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
            let mut entry = entry.unwrap();
            let mut content = vec![];
            entry.read_to_end(&mut content).unwrap();
            (entry.path().unwrap().display().to_string(), (entry.header().mode().unwrap(), content))
        };
        archive.entries().unwrap().map(entry).collect()
    }

    fn sha256(bytes: &[u8]) -> String {
        hash(bytes).unwrap().0
    }

    #[test]
    fn the_archive_says_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (recipe, bytes) = archive(folder.path());
        let entries = entries(&bytes);
        assert_eq!(entries.len(), 4);
        let manifest: Value = serde_json::from_slice(&entries["manifest.json"].1).unwrap();
        assert_eq!(manifest[0]["RepoTags"][0], recipe.tag());
        let configuration = &entries[manifest[0]["Config"].as_str().unwrap()].1;
        assert_eq!(manifest[0]["Config"], format!("{}.json", sha256(configuration)));
        let configuration: Value = serde_json::from_slice(configuration).unwrap();
        let layers: Vec<&Vec<u8>> = (0..2).map(|at| &entries[manifest[0]["Layers"][at].as_str().unwrap()].1).collect();
        for (at, layer) in layers.iter().enumerate() {
            assert_eq!(configuration["rootfs"]["diff_ids"][at], format!("sha256:{}", sha256(layer)), "layer {at}");
        }
        assert_eq!(configuration["architecture"], "arm64");
        assert_eq!(configuration["config"]["User"], "10001:10001");
        assert_eq!(configuration["config"]["Labels"]["iperftester.image"], recipe.hash());
        let inner = self::entries(layers[1]);
        let (mode, executable) = &inner["usr/local/bin/iperftester"];
        assert_eq!((*mode, executable.len(), inner.len()), (0o755, 1120, 1));
        assert_eq!(*executable, std::fs::read(&recipe.executable).unwrap());
        assert_eq!(layers[1].len() % 512, 0);
    }

    #[test]
    fn an_engine_is_given_the_dockerfile_and_the_executable() {
        let folder = tempfile::tempdir().unwrap();
        let (recipe, _) = archive(folder.path());
        let mut bytes = vec![];
        context(&recipe).unwrap().read_to_end(&mut bytes).unwrap();
        let entries = entries(&bytes);
        assert_eq!(entries["Dockerfile"].1, DOCKERFILE.as_bytes());
        assert_eq!(entries["iperftester"], (0o755, std::fs::read(&recipe.executable).unwrap()));
        assert_eq!(entries.len(), 2);
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, other] = folders.each_ref().map(|folder| sha256(&archive(folder.path()).1));
        assert_eq!(one, other);
    }

    #[test]
    fn the_two_forms_of_the_time_agree() {
        let at = chrono::DateTime::from_timestamp(i64::try_from(MADE_AT_SECONDS).unwrap(), 0).unwrap();
        assert_eq!(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true), MADE_AT);
    }
}
