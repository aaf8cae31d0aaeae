//! `run`.

mod budget;
mod dry;
mod events;
mod resume;

use std::collections::BTreeSet;

use serde::Serialize;

use super::args::Run as Arguments;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::progress::Progress;
use super::speech::lang;
use super::stop;
use super::units;
use crate::backend::swarm::Fleet;
use crate::backend::{Backends, Reach};
use crate::domain::campaign::{Campaign, Expectations};
use crate::domain::name::Name;
use crate::domain::run::{AdHoc, CampaignRun, CampaignRunHeader, RunStatus};
use crate::domain::topology::Topology;
use crate::domain::verdict::Verdict;
use crate::i18n::{Lang, say};
use crate::report;
use crate::runner::{self, Order, Outcome, Surroundings};
use crate::schedule::{self, AdHocFault, Job, Options, Timetable};
use crate::store::{Head, Results};

/// Name of a campaign run that has no campaign.
const AD_HOC: &str = "ad-hoc";

/// What is to be run, by name.
struct Choice<'a> {
    name: Name,
    campaign: Option<&'a Campaign>,
    ad_hoc: Option<AdHoc>,
    /// All that is planned.
    jobs: Vec<Job>,
}

impl Choice<'_> {
    fn expectations(&self) -> Option<&Expectations> {
        self.campaign.and_then(|campaign| campaign.expect.as_ref())
    }
}

#[derive(Serialize)]
struct Ended<'a> {
    event: &'static str,
    at: chrono::DateTime<chrono::Utc>,
    campaign_run: &'a str,
    exit_code: u8,
    findings: Vec<String>,
}

pub(super) async fn perform(context: &Context<'_>, with: &Arguments) -> Result<Exit, Failure> {
    if let (Some(name), Some(id)) = (&with.campaign, &with.resume) {
        return Err(resume::names_both(name, id.as_deref()));
    }
    let topology = context.load()?;
    // What is resumed is looked for under the lock: else one that still runs would look as if it had been interrupted.
    let _lock = if with.dry_run { None } else { Some(Context::lock(&topology.name, "run")?) };
    let (topology, fleet) = context.expand(topology).await?;
    let earlier = match &with.resume {
        // It goes on at the same places, which nobody can tell now.
        Some(_) if let Some(fault) = fleet.fault() => return Err(fault.into()),
        Some(id) => {
            // As it was written down when it began.
            let settled = Context::backend(&topology, &fleet).await?.settled(&topology);
            Some(resume::find(&opened(context, with).await?, &settled, id.as_deref()).await?)
        }
        None => None,
    };
    for probe in with.from.iter().chain(&with.to) {
        Context::can_know(&topology, &fleet, probe)?;
    }
    let mut choice = match &earlier {
        Some(earlier) => choose_again(&topology, earlier)?,
        None => choose(&topology, with)?,
    };
    if let Some(campaign) = choice.campaign {
        choice.jobs = budget::hold(campaign, choice.jobs)?;
    }
    let jobs = match &earlier {
        Some(earlier) => resume::left(earlier, &choice.jobs)?,
        None => choice.jobs.clone(),
    };
    let standing = match choice.campaign.filter(|campaign| !campaign.budget.is_empty()) {
        Some(campaign) => {
            let results = opened(context, with).await?;
            budget::standing(&results, &topology, (&choice.name, campaign), &jobs, Context::now()).await?
        }
        None => None,
    };
    let kept = standing.as_ref().map_or(Ok(()), budget::Standing::check);
    let table = schedule::timetable(&jobs);
    if with.dry_run {
        dry::show(context, &topology, &choice.name, &jobs, &table, standing);
        return kept.map(|()| Exit::Ok);
    }
    kept?;
    let backend = Context::backend(&topology, &fleet).await?;
    backend.supports().await?;
    context.tell_limits(&topology, &backend);
    deployed(context, &topology, &backend).await?;
    let results = context.results().await?;
    let started = Context::steady();
    let recording = match &earlier {
        Some(earlier) => results.resume(&earlier.header.id).await?,
        None => {
            let header = header(&topology, &choice, with, started);
            results.begin(Head { header, topology: backend.settled(&topology), routers: backend.routers() }).await?
        }
    };
    let id = recording.id().to_owned();
    let outcome = measure(context, &topology, &backend, (&choice, &jobs), &table, &recording).await;
    let interrupted = outcome.as_ref().map_or(true, |o| o.interrupted);
    for notice in recording.finish(Context::steady(), interrupted).await? {
        context.notice(&notice);
    }
    outcome?;
    let whole = results.load(&id).await?;
    let exit = match exit(&whole, &choice.jobs) {
        Exit::Ok if has_unknown_places(&topology, &fleet, &choice) => Exit::Partial,
        exit => exit,
    };
    tell(context, &whole, exit);
    Ok(exit)
}

/// The results, to be read only where nothing is to be run.
async fn opened(context: &Context<'_>, with: &Arguments) -> Result<Results, Failure> {
    if with.dry_run { context.results_to_read().await } else { context.results().await }
}

fn header(
    topology: &Topology,
    choice: &Choice<'_>,
    with: &Arguments,
    started: chrono::DateTime<chrono::Utc>,
) -> CampaignRunHeader {
    CampaignRunHeader {
        id: CampaignRunHeader::id_for(&choice.name, started),
        topology: topology.name.clone(),
        campaign: choice.name.clone(),
        started,
        ended: None,
        planned_runs: u32::try_from(choice.jobs.len()).unwrap_or(u32::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        duration_override: with.duration,
        interrupted: false,
        ad_hoc: choice.ad_hoc.clone(),
    }
}

async fn measure(
    context: &Context<'_>,
    topology: &Topology,
    backend: &Backends,
    (choice, jobs): (&Choice<'_>, &[Job]),
    table: &Timetable,
    recording: &crate::store::Recording<'_>,
) -> Result<Outcome, Failure> {
    let executable = Context::executable()?;
    let progress = Progress::new(context.output, jobs.len(), table.total);
    let order = Order { topology, jobs, expectations: choice.expectations(), executable: &executable };
    let around = Surroundings {
        backend,
        recording,
        now: Context::steady,
        stop: stop::watch()?,
        events: &|event| {
            if context.output.is_json() {
                events::line(context.output, &event);
            } else {
                progress.tell(context, &event);
            }
        },
    };
    let outcome = runner::run(order, around).await;
    progress.end();
    Ok(outcome?)
}

/// The campaign or pair that the arguments name.
fn choose<'a>(topology: &'a Topology, with: &Arguments) -> Result<Choice<'a>, Failure> {
    let options = Options { duration: with.duration };
    if let (Some(from), Some(to)) = (&with.from, &with.to) {
        let auto = Name::new("auto").expect("auto is a name");
        let test = with.test.clone().unwrap_or(auto);
        return ad_hoc(topology, AdHoc { source: from.clone(), destination: to.clone(), test }, options);
    }
    let (name, campaign) = campaign(topology, with.campaign.as_ref())?;
    let jobs = schedule::jobs(topology, campaign, options);
    Ok(Choice { name: name.clone(), campaign: Some(campaign), ad_hoc: None, jobs })
}

/// What `earlier` was begun with.
fn choose_again<'a>(topology: &'a Topology, earlier: &CampaignRun) -> Result<Choice<'a>, Failure> {
    let header = &earlier.header;
    let options = Options { duration: header.duration_override };
    if let Some(asked) = &header.ad_hoc {
        return ad_hoc(topology, asked.clone(), options);
    }
    let (name, campaign) = campaign(topology, Some(&header.campaign))?;
    let jobs = schedule::jobs(topology, campaign, options);
    Ok(Choice { name: name.clone(), campaign: Some(campaign), ad_hoc: None, jobs })
}

fn ad_hoc(topology: &Topology, asked: AdHoc, options: Options) -> Result<Choice<'_>, Failure> {
    let AdHoc { source, destination, test } = &asked;
    let jobs = schedule::ad_hoc(topology, source, destination, test, options).map_err(|fault| unknown(&fault))?;
    let name = Name::new(AD_HOC).expect("ad-hoc is a name");
    Ok(Choice { name, campaign: None, ad_hoc: Some(asked), jobs })
}

fn campaign<'a>(topology: &'a Topology, asked: Option<&Name>) -> Result<(&'a Name, &'a Campaign), Failure> {
    let known = list(topology.campaigns.keys());
    match asked {
        Some(name) => topology.campaigns.get_key_value(name).ok_or_else(|| {
            let topology = &topology.name;
            Failure::bad_input(say!(
                lang(),
                "there is no campaign `{name}` in topology {topology}",
                "no hay ninguna campaña `{name}` en la topología {topology}"
            ))
            .hint(say!(lang(), "known campaigns: {known}", "campañas conocidas: {known}"))
        }),
        None if topology.campaigns.len() == 1 => topology
            .campaigns
            .first_key_value()
            .ok_or_else(|| Failure::bad_input(lang().word("there is no campaign", "no hay ninguna campaña"))),
        None => {
            let topology = &topology.name;
            Err(Failure::bad_input(say!(
                lang(),
                "topology {topology} has several campaigns",
                "la topología {topology} tiene varias campañas"
            ))
            .hint(say!(
                lang(),
                "name one: `iperftester run CAMPAIGN`; known: {known}",
                "indique una: `iperftester run CAMPAÑA`; conocidas: {known}"
            )))
        }
    }
}

fn unknown(fault: &AdHocFault) -> Failure {
    match fault {
        AdHocFault::Probe(name, known) => {
            let known = list(known.iter());
            Failure::bad_input(say!(lang(), "there is no probe `{name}`", "no hay ninguna sonda `{name}`")).hint(say!(
                lang(),
                "known probes: {known}",
                "sondas conocidas: {known}"
            ))
        }
        AdHocFault::Test(name, known) => {
            let known = list(known.iter());
            Failure::bad_input(say!(
                lang(),
                "there is no test or suite `{name}`",
                "no hay ninguna prueba ni conjunto de pruebas `{name}`"
            ))
            .hint(say!(lang(), "known: {known}", "conocidos: {known}"))
        }
        AdHocFault::Same(name) => Failure::bad_input(say!(
            lang(),
            "`{name}` cannot be tested against itself",
            "`{name}` no se puede probar contra sí misma"
        ))
        .hint(lang().word("name two probes by `--from` and `--to`", "indique dos sondas con `--from` y `--to`")),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a Name>) -> String {
    names.map(Name::as_str).collect::<Vec<_>>().join(", ")
}

/// Measuring something else than the file says would be worse than not measuring.
async fn deployed(context: &Context<'_>, topology: &Topology, backend: &Backends) -> Result<(), Failure> {
    let plans = units::plans(backend).await;
    plans.tell(context)?;
    let plan = plans.whole();
    if plan.is_empty() {
        return Ok(());
    }
    let what = match plan.unchanged {
        0 => lang().word("is not deployed", "no está desplegada"),
        _ => lang().word("is not deployed as its file says", "no está desplegada como dice su fichero"),
    };
    let missing = lang().counted(
        plan.actions.len(),
        ["step is missing", "steps are missing"],
        ["paso pendiente", "pasos pendientes"],
    );
    let name = &topology.name;
    Err(Failure::unavailable(say!(
        lang(),
        "topology {name} {what}: {missing}",
        "la topología {name} {what}: {missing}"
    ))
    .hint(lang().word(
        "`iperftester deploy` does what is missing, `iperftester plan` shows it; what root has deployed is root's to run",
        "`iperftester deploy` hace lo que falta, `iperftester plan` lo muestra; lo que desplegó root lo ejecuta root",
    )))
}

/// Does the campaign name probes on a swarm that is away, of which nobody knows what pairs they make?
fn has_unknown_places(topology: &Topology, fleet: &Fleet, choice: &Choice<'_>) -> bool {
    let group = choice.campaign.and_then(|campaign| topology.groups.get(&campaign.group));
    group.is_some_and(|group| fleet.away(topology).any(|probe| group.names(probe)))
}

/// A failed expectation outranks what could not be measured. What was known not to apply before anything started is shown
/// in the report, but is no failure of this run.
fn exit(whole: &CampaignRun, jobs: &[Job]) -> Exit {
    let foreseen: BTreeSet<u32> = jobs.iter().filter(|j| j.skip.is_some()).map(|j| j.id).collect();
    let unforeseen = whole.runs.iter().filter(|run| !foreseen.contains(&run.id));
    let partial = unforeseen.clone().any(|run| run.status != RunStatus::Ok);
    match () {
        () if whole.header.interrupted => Exit::Interrupted,
        () if whole.runs.iter().any(|run| run.assessment.verdict == Verdict::Fail) => Exit::Expectation,
        () if partial => Exit::Partial,
        () => Exit::Ok,
    }
}

fn tell(context: &Context<'_>, whole: &CampaignRun, exit: Exit) {
    let id = &whole.header.id;
    if context.output.is_json() {
        let findings = report::findings(Lang::En, whole).into_iter().map(|f| f.sentence).collect();
        context.output.json(&Ended {
            event: "ended",
            at: Context::now(),
            campaign_run: id,
            exit_code: exit.code(),
            findings,
        });
        return;
    }
    context.output.text(&report::summary(lang(), whole, context.output.width(), context.output.color));
    if whole.header.interrupted {
        let kept = lang().counted(
            whole.runs.len(),
            ["finished run is kept", "finished runs are kept"],
            ["prueba terminada se conserva", "pruebas terminadas se conservan"],
        );
        context.output.note(&say!(lang(), "stopped: {kept}", "detenida: {kept}"));
    }
    context.output.note(&say!(
        lang(),
        "campaign run {id}: `iperftester report` shows the evidence, `iperftester report --format html --out report.html` \
         writes it for others",
        "campaña ejecutada {id}: `iperftester report` muestra el detalle, `iperftester report --format html --out \
         informe.html` lo escribe para otros"
    ));
}
