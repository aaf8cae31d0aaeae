//! `build`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::args::Build;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use super::stop;
use crate::backend::docker::builder::{self, Builders};
use crate::domain::image::Base;
use crate::domain::topology::Topology;
use crate::i18n::say;
use crate::image::{self, Archive, Cache, ImageError, Recipe, Step};
use crate::stats::numbers;

/// What became of it, for programs.
#[derive(Serialize)]
struct Summary<'a> {
    image: String,
    tag: String,
    base: Base,
    suite: &'a str,
    architecture: &'static str,
    /// The archive; where it was written to by `--file`, that file.
    path: String,
    archive_bytes: u64,
    beyond_executable_bytes: u64,
    /// Was it made now? Else it was there.
    made: bool,
    took_seconds: f64,
}

pub(super) async fn perform(context: &Context<'_>, with: &Build) -> Result<Exit, Failure> {
    let topology = context.load()?;
    let began = Instant::now();
    let recipe = Recipe::new(&topology.image, Path::new(&Context::executable()?))?;
    if topology.image.base.is_none() {
        context.output.note(chosen(recipe.base));
    }
    let mut stop = stop::watch()?;
    let made = tokio::select! {
        made = make(context, &topology, &recipe, with.force) => made?,
        Ok(_) = stop.wait_for(|stop| *stop) => return Ok(Exit::Interrupted),
    };
    let path = match &with.file {
        Some(file) => copied(&made, file)?,
        None => made.path.clone(),
    };
    let summary = Summary {
        image: recipe.hash(),
        tag: recipe.tag(),
        base: recipe.base,
        suite: &recipe.suite,
        architecture: recipe.architecture.word(),
        path: path.display().to_string(),
        archive_bytes: made.bytes,
        beyond_executable_bytes: made.bytes.saturating_sub(recipe.executable_bytes),
        made: made.is_new,
        took_seconds: began.elapsed().as_secs_f64(),
    };
    context.output.either(|| told(&summary), &summary);
    Ok(Exit::Ok)
}

async fn make(context: &Context<'_>, topology: &Topology, recipe: &Recipe, force: bool) -> Result<Archive, Failure> {
    let cache = Cache::new(Context::images()?);
    if let Some(archive) = image::cached(recipe, &cache).filter(|_| !force) {
        return Ok(archive);
    }
    let mut tell = |step: Step<'_>| context.output.note(&line(step));
    builder::make(recipe, &cache, !force, &Builders::of(topology), &mut tell).await.map_err(|fault| {
        let hint = fault.hint();
        Failure::of(Exit::Unavailable, &fault).maybe_hint(hint)
    })
}

fn chosen(base: Base) -> &'static str {
    match base {
        Base::Small => lang().word(
            "the image's base is `small`, for mmdebstrap is installed here",
            "la base de la imagen es `small`, pues mmdebstrap está instalado aquí",
        ),
        Base::Debian => lang().word(
            "the image's base is `debian`, for mmdebstrap, which makes a `small` one, is not installed here",
            "la base de la imagen es `debian`, pues mmdebstrap, que hace una `small`, no está instalado aquí",
        ),
    }
}

/// A step of making an image.
pub(super) fn line(step: Step<'_>) -> String {
    match step {
        Step::Unpack { suite } => {
            say!(lang(), "unpacking the tools of Debian {suite}", "desempaquetando las herramientas de Debian {suite}")
        }
        Step::Pack => lang().word("writing the image", "escribiendo la imagen").to_owned(),
        Step::Said(words) => words.to_owned(),
        Step::Pull { from } => say!(lang(), "pulling the image from {from}", "descargando la imagen de {from}"),
        Step::Push { to } => say!(lang(), "pushing the image to {to}", "subiendo la imagen a {to}"),
    }
}

fn told(summary: &Summary<'_>) -> String {
    let Summary { tag, path, .. } = summary;
    if !summary.made {
        return say!(
            lang(),
            "nothing to do, the image {tag} is there: {path}",
            "nada que hacer, la imagen {tag} ya está: {path}"
        );
    }
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let size = numbers::bytes(lang(), summary.beyond_executable_bytes as f64);
    let took = lang().decimal(format!("{:.1}", summary.took_seconds));
    say!(
        lang(),
        "made the image {tag}, {size} beyond the executable, in {took} s: {path}",
        "hecha la imagen {tag}, {size} además del ejecutable, en {took} s: {path}"
    )
}

/// The archive as a file of the user's: whole, or as it was. A pipe or a device takes the bytes and is neither made nor
/// removed.
fn copied(archive: &Archive, file: &Path) -> Result<PathBuf, Failure> {
    let is_other = fs_err::metadata(file).is_ok_and(|found| !found.is_file());
    let copied = if is_other { into_stream(archive, file) } else { into_file(archive, file) };
    copied.map(|()| file.to_owned()).map_err(|fault| {
        Failure::of(Exit::Unavailable, &fault)
            .hint(lang().word("name another file by `--file FILE`", "indique otro fichero con `--file FICHERO`"))
    })
}

fn into_stream(archive: &Archive, file: &Path) -> std::io::Result<()> {
    let mut stream = fs_err::OpenOptions::new().write(true).open(file)?;
    std::io::copy(&mut fs_err::File::open(&archive.path)?, &mut stream).map(|_| ())
}

fn into_file(archive: &Archive, file: &Path) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".partial-{}", std::process::id()));
    let partial = file.with_file_name(name);
    let written = fs_err::copy(&archive.path, &partial)
        .and_then(|_| fs_err::File::open(&partial)?.sync_all())
        .and_then(|()| fs_err::rename(&partial, file));
    if written.is_err() {
        // Our own, and half of it.
        let _ = fs_err::remove_file(&partial);
    }
    written
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        let hint = error.hint();
        Self::of(Exit::Unavailable, &error).maybe_hint(hint)
    }
}
