//! Why a verb could not do its work: the message with its causes, a hint, an exit code.

use crate::backend::BackendError;
use crate::deploy::DeployError;
use crate::domain::diagnostic::Diagnostic;
use crate::i18n::{say, sentences};
use crate::lock::LockError;
use crate::store::StoreError;

use super::exit::Exit;
use super::speech::lang;

/// A failed verb.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    /// The message, then its causes.
    pub(super) chain: Vec<String>,
    pub(super) hint: Option<String>,
    /// Faults in the topology with its file and what that includes, when that is why.
    pub(super) faults: Option<Box<(Vec<Diagnostic>, Vec<crate::config::Source>)>>,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, chain: vec![message.into()], hint: None, faults: None }
    }

    pub(super) fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Exit::BadInput, message)
    }

    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unavailable, message)
    }

    pub(super) fn of(exit: Exit, error: &dyn std::error::Error) -> Self {
        Self { exit, chain: causes(error), hint: None, faults: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(sentences::told(lang(), &hint.into()));
        self
    }

    /// A hint for one that has none.
    pub(super) fn hint_if_none(self, hint: &str) -> Self {
        if self.hint.is_some() { self } else { self.hint(hint) }
    }

    pub(super) fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(|hint| sentences::told(lang(), &hint.into())).or(self.hint);
        self
    }
}

/// An error's message and those of its sources, in the reader's language as far as they are ours.
pub(super) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let mut chain = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        // A wrapper that only repeats its cause says nothing new.
        if !chain.last().is_some_and(|last| last.ends_with(&text)) {
            chain.push(text);
        }
        next = source.source();
    }
    chain.iter().map(|text| sentences::told(lang(), text)).collect()
}

fn doctor() -> String {
    let hint = lang().word(
        "`iperftester doctor` tells what this machine can do",
        "`iperftester doctor` dice qué puede hacer esta máquina",
    );
    hint.to_owned()
}

/// The hint that a backend has for this very fault.
fn of_its_cause(error: &BackendError) -> Option<String> {
    match error {
        BackendError::Unsupported { hint, .. } => Some(hint.clone()),
        BackendError::Docker { source, .. } => source.hint(),
        BackendError::Image(fault) => fault.hint(),
        BackendError::Theirs { holder, .. } => {
            let owner = &holder.owner;
            Some(say!(
                lang(),
                "give your topology another `name:`; if you both work on this one, write `owner: {owner}` into its file",
                "dé otro `name:` a su topología; si trabajan en la misma, escriba `owner: {owner}` en su fichero"
            ))
        }
        _ => None,
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        let hint = match &error {
            BackendError::NotOurs(_) => lang()
                .word(
                    "name a probe of your own: on an `external` host there is only the server to measure against",
                    "indique una sonda propia: en un equipo `external` solo está el servidor contra el que se mide",
                )
                .to_owned(),
            BackendError::Unsupported { .. }
            | BackendError::Docker { .. }
            | BackendError::Image(_)
            | BackendError::Theirs { .. } => of_its_cause(&error).unwrap_or_default(),
            _ => doctor(),
        };
        let failure = Self::of(Exit::Unavailable, &error);
        if hint.is_empty() { failure } else { failure.hint(hint) }
    }
}

impl From<Vec<BackendError>> for Failure {
    fn from(mut errors: Vec<BackendError>) -> Self {
        if errors.len() == 1 {
            return errors.remove(0).into();
        }
        let count = errors.len();
        let mut failure = Self::unavailable(say!(
            lang(),
            "this machine lacks {count} things that the topology asks for",
            "a esta máquina le faltan {count} cosas que pide la topología"
        ));
        failure.chain.extend(errors.iter().map(|error| match error {
            BackendError::Unsupported { what, hint } => {
                let (what, hint) = (sentences::told(lang(), what), sentences::told(lang(), hint));
                say!(lang(), "{what} (hint: {hint})", "{what} (sugerencia: {hint})")
            }
            other => causes(other).join(": "),
        }));
        failure.hint(doctor())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = if matches!(error, StoreError::Unknown { .. }) { Exit::BadInput } else { Exit::Unavailable };
        Self::of(exit, &error).maybe_hint(error.hint())
    }
}

impl From<DeployError> for Failure {
    fn from(error: DeployError) -> Self {
        let (exit, cause) = match &error {
            DeployError::Cancelled { .. } => (Exit::Interrupted, None),
            DeployError::Failed { source, .. } => (Exit::Unavailable, of_its_cause(source)),
        };
        // As long as its cause is there, trying again does not help.
        Self::of(exit, &error).maybe_hint(cause.or_else(|| error.hint().map(str::to_owned)))
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        Self::of(Exit::Unavailable, &error).hint(error.hint())
    }
}
