//! The probe image in an engine: is it there, load it, build one of base `debian`.
#![allow(clippy::disallowed_methods, reason = "an edge: it streams files to an engine")]

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::{BuildImageOptionsBuilder, ImportImageOptions, ListImagesOptionsBuilder};
use bollard::{Docker, body_try_stream};
use futures_util::{StreamExt, stream};

use crate::domain::image::Architecture;
use crate::image::{Draft, HASH_LABEL, ImageError, Recipe, Step, context};

/// A whole image over a slow line, or a build behind a slow mirror: an hour bounds what will never end.
pub(super) const LIMIT: Duration = Duration::from_secs(3600);
/// Bytes that are in memory at once.
const PIECE: usize = 1 << 18;
/// How often progress is told.
const TELL: Duration = Duration::from_millis(200);

fn cannot(action: &'static str) -> impl Fn(Error) -> ImageError {
    move |source| ImageError::Engine { action, source }
}

/// Does an executable for `executable` run where the engine does? `engine` is the architecture in the engine's words.
///
/// # Errors
/// [`ImageError::Architecture`], with the build that it needs.
pub fn check_architecture(executable: Architecture, engine: &str) -> Result<(), ImageError> {
    let known = Architecture::of_engine(engine);
    if known == Some(executable) {
        return Ok(());
    }
    let hint = match known {
        Some(known) => format!(
            "use an iperftester that is built for {0}: `cargo build --release --target {0}-unknown-linux-gnu`",
            known.rust()
        ),
        None => format!("no image is made for {engine}: take this host out of the topology"),
    };
    Err(ImageError::Architecture { engine: engine.to_owned(), executable: executable.word(), hint })
}

/// The hash that the image of this name bears in the engine; `None` where it bears none or is not there.
///
/// # Errors
/// The engine's.
pub(super) async fn label(client: &Docker, reference: &str) -> Result<Option<String>, Error> {
    match client.inspect_image(reference).await {
        Ok(found) => Ok(found.config.and_then(|config| config.labels).and_then(|mut labels| labels.remove(HASH_LABEL))),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The id of the image of `recipe` in the engine, by its label; `None` where it is not there.
///
/// # Errors
/// [`ImageError::Engine`].
pub async fn find(client: &Docker, recipe: &Recipe) -> Result<Option<String>, ImageError> {
    let label = format!("{HASH_LABEL}={}", recipe.hash());
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let images = client.list_images(Some(options)).await.map_err(cannot("find"))?;
    Ok(images.into_iter().next().map(|image| image.id))
}

/// Loads the archive of `recipe` into the engine and gives its id there. `tell` hears how many bytes of how many are sent.
///
/// # Errors
/// [`ImageError`].
pub async fn load(
    client: &Docker,
    recipe: &Recipe,
    archive: &Path,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<String, ImageError> {
    let read = |source| ImageError::Read { path: archive.to_owned(), source };
    let file = File::open(archive).map_err(read)?;
    let total = file.metadata().map_err(read)?.len();
    let sent = Arc::new(AtomicU64::new(0));
    let client = client.clone().with_timeout(LIMIT);
    let options = ImportImageOptions { quiet: true, ..ImportImageOptions::default() };
    let pieces = pieces(file, Arc::clone(&sent)).map(|piece| piece.map(Into::into));
    let mut said = Box::pin(client.import_image(options, body_try_stream(stream::iter(pieces)), None));
    let mut tick = tokio::time::interval(TELL);
    loop {
        tokio::select! {
            line = said.next() => match line {
                Some(line) => drop(line.map_err(cannot("load"))?),
                None => break,
            },
            _ = tick.tick() => tell(sent.load(Ordering::Relaxed), total),
        }
    }
    tell(total, total);
    find(&client, recipe).await?.ok_or_else(|| ImageError::Lost { tag: recipe.tag() })
}

/// Has the engine build the image of base `debian` and writes it to `draft` as it exports it. The image stays in the engine.
///
/// # Errors
/// [`ImageError`].
pub async fn build(
    client: &Docker,
    recipe: &Recipe,
    draft: &mut Draft,
    tell: &mut dyn FnMut(Step<'_>),
) -> Result<(), ImageError> {
    let client = client.clone().with_timeout(LIMIT);
    let version = client.version().await.map_err(cannot("build"))?;
    check_architecture(recipe.architecture, &version.arch.unwrap_or_default())?;
    let tag = recipe.tag();
    let mut arguments = HashMap::from([
        ("EXECUTABLE", "iperftester"),
        ("SUITE", &recipe.suite),
        ("MIRROR", recipe.mirror.as_deref().unwrap_or_default()),
    ]);
    let labels = recipe.labels();
    arguments.extend([("IMAGE", labels[0].1.as_str()), ("VERSION", &labels[1].1)]);
    let options = BuildImageOptionsBuilder::default().t(&tag).rm(true).forcerm(true).buildargs(&arguments).build();
    let read = |source| ImageError::Read { path: recipe.executable.clone(), source };
    let pieces = pieces(context(recipe).map_err(read)?, Arc::default()).map(|piece| piece.map(Into::into));
    let mut said = Box::pin(client.build_image(options, None, Some(body_try_stream(stream::iter(pieces)))));
    while let Some(line) = said.next().await {
        let text = line.map_err(cannot("build"))?.stream.unwrap_or_default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            tell(Step::Said(line));
        }
    }
    tell(Step::Pack);
    let mut exported = Box::pin(client.export_image(&tag));
    while let Some(chunk) = exported.next().await {
        let chunk = chunk.map_err(cannot("export"))?;
        draft.write_all(&chunk).map_err(|source| draft.fault(source))?;
    }
    Ok(())
}

/// Pieces that are read when they are asked for, and counted.
fn pieces(
    mut from: impl Read + Send + 'static,
    sent: Arc<AtomicU64>,
) -> impl Iterator<Item = std::io::Result<Vec<u8>>> + Send + 'static {
    std::iter::from_fn(move || {
        let mut piece = vec![0; PIECE];
        match from.read(&mut piece) {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                sent.fetch_add(read as u64, Ordering::Relaxed);
                Some(Ok(piece))
            }
            Err(fault) => Some(Err(fault)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_of_another_architecture_is_told_which_build_it_needs() {
        let check = |engine: &str| check_architecture(Architecture::Amd64, engine);
        check("amd64").unwrap();
        check("x86_64").unwrap();
        let fault = check("arm64").unwrap_err();
        assert_eq!(fault.to_string(), "the engine runs on arm64 and this iperftester is built for amd64");
        assert_eq!(
            fault.hint().unwrap(),
            "use an iperftester that is built for aarch64: `cargo build --release --target aarch64-unknown-linux-gnu`"
        );
        let fault = check("armv7l").unwrap_err();
        assert_eq!(fault.hint().unwrap(), "no image is made for armv7l: take this host out of the topology");
    }
}
