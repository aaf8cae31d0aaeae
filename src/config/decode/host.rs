//! Hosts: one kind for each backend.

use std::path::PathBuf;

use super::object::{Fields, Slot, kind};
use super::scalar;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults};
use crate::config::language::{
    DOCKER, EXTERNAL, HOSTS, INSTALL, ISOLATIONS, LIVE_ISO, LOCAL, LXD, SECRETS, SSH, SWARM, TLS,
};
use crate::config::raw::Field;
use crate::config::tree::Node;
use crate::domain::host::{Docker, External, HostKind, Install, LiveIso, Local, Lxd, Secret, Ssh, Swarm, Tls};
use crate::domain::port::PortRange;

/// Ports of an external host where it names none: iperf3's own.
const EXTERNAL_PORT: u16 = 5201;

pub(super) fn host(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<HostKind> {
    let kind = kind(&HOSTS, slot, Code::UnknownHostKind, faults)?;
    let slot = &kind.slot;
    match slot.name {
        "docker" => docker(slot, faults).map(HostKind::Docker),
        "swarm" => swarm(slot, faults).map(HostKind::Swarm),
        "lxd" => lxd(slot, faults).map(HostKind::Lxd),
        "ssh" => ssh(slot, faults).map(HostKind::Ssh),
        "live-iso" => live_iso(slot, faults).map(HostKind::LiveIso),
        "external" => external(slot, faults).map(HostKind::External),
        _ => {
            let fields = Fields::open(&LOCAL, None, slot, faults)?;
            let isolation = fields.read("isolation", scalar::word(&ISOLATIONS), faults).value().copied();
            Some(HostKind::Local(Local { isolation }))
        }
    }
}

fn docker(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Docker> {
    let fields = Fields::open(&DOCKER, None, slot, faults)?;
    let endpoint = fields.read("endpoint", engine, faults);
    let context = fields.read("context", scalar::form, faults);
    if let (Some(endpoint), Some(context)) = (endpoint.given(), fields.slot("context")) {
        let message = "a context has an endpoint of its own";
        let fault = Fault::new(Code::ContradictingKeys, context.key, message).label("and a context");
        faults.add(fault.related(endpoint.span, "an endpoint").fix("keep one of the two"));
    }
    let tls = fields.slot("tls").map_or(Some(None), |slot| tls(&slot, faults).map(Some));
    check_tls(&fields, &[&endpoint], faults);
    Some(Docker { endpoint: endpoint.value().cloned(), context: context.value().cloned(), tls: tls? })
}

fn swarm(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Swarm> {
    let fields = Fields::open(&SWARM, None, slot, faults)?;
    let endpoint = fields.read("endpoint", engine, faults);
    let node_endpoint = fields.read("node-endpoint", engine, faults);
    let tls = fields.slot("tls").map_or(Some(None), |slot| tls(&slot, faults).map(Some));
    check_tls(&fields, &[&endpoint, &node_endpoint], faults);
    Some(Swarm { endpoint: endpoint.value().cloned(), node_endpoint: node_endpoint.value().cloned(), tls: tls? })
}

/// The endpoint of an engine. Plain TCP would be its root's door, open to everybody.
fn engine(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    match &slot.node.value {
        Node::Scalar(text) if text.starts_with("tcp://") || text.starts_with("http://") => {
            let message = "plain TCP is refused, for whoever reaches that port is root on that machine";
            let fault = Fault::new(Code::BadText, slot.node.span, message).label("without TLS");
            faults.add(fault.fix(
                "write `ssh://USER@HOST`, or let dockerd ask for certificates and write `tcp+tls://HOST:2376` with `tls`",
            ));
            None
        }
        Node::Scalar(text) if has_password(text) => {
            let message = format!("a password cannot stand in `{}`", slot.name);
            let fault = Fault::new(Code::PlainSecret, slot.node.span, message).label("in plain text");
            faults.add(fault.fix("change it, and let a key or ssh's agent open that door: `ssh://USER@HOST`"));
            None
        }
        _ => scalar::form(slot, faults),
    }
}

/// Has an address a password before its `@`?
fn has_password(address: &str) -> bool {
    let authority = address.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    authority.and_then(|authority| authority.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':'))
}

fn tls(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Tls> {
    let fields = Fields::open(&TLS, None, slot, faults)?;
    let mut file = |name| fields.read(name, scalar::file, faults).value().cloned();
    let (ca, cert, key) = (file("ca"), file("cert"), file("key"));
    Some(Tls { ca: ca?, cert: cert?, key: key? })
}

/// `tcp+tls` needs files, and nothing else uses them.
fn check_tls(fields: &Fields<'_>, endpoints: &[&Field<String>], faults: &mut Faults<'_>) {
    let encrypted = endpoints.iter().filter_map(|e| e.given()).find(|e| e.value.starts_with("tcp+tls://"));
    match (encrypted, fields.slot("tls")) {
        (Some(endpoint), None) => {
            let fault = Fault::new(Code::MissingKey, endpoint.span, "`tcp+tls` needs the key `tls`");
            let fault = fault.label("`tls` is missing");
            faults.add(fault.fix("add `tls: { ca: ca.pem, cert: cert.pem, key: key.pem }`"));
        }
        (None, Some(tls)) if !endpoints.iter().any(|e| matches!(e, Field::Faulty)) => {
            let fault = Fault::new(Code::ContradictingKeys, tls.key, "only an endpoint `tcp+tls://…` uses these files");
            faults.add(fault.fix("remove `tls`, or add `endpoint: tcp+tls://HOST:2376`"));
        }
        _ => {}
    }
}

/// The URI of a mirror. A name and a password in it would stand in the history of the image.
pub(super) fn mirror(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    nameless(slot, "change the password, and name a mirror that asks for none, such as one of the house", faults)
}

/// A registry, whose log-ins are the Docker command's.
pub(super) fn registry(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    nameless(slot, "change the password, and let `docker login` keep the new one", faults)
}

/// An address without the name and the password that would let in whoever reads the file.
fn nameless(slot: &Slot<'_>, fix: &str, faults: &mut Faults<'_>) -> Option<String> {
    if let Node::Scalar(text) = &slot.node.value {
        let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
        if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
            let message = format!("a name and a password cannot stand in `{}`", slot.name);
            faults.add(Fault::new(Code::PlainSecret, slot.node.span, message).label("in plain text").fix(fix));
            return None;
        }
    }
    scalar::form(slot, faults)
}

fn lxd(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Lxd> {
    let fields = Fields::open(&LXD, None, slot, faults)?;
    let endpoint = fields.read("endpoint", scalar::form, faults);
    let fingerprint = fields.read("fingerprint", scalar::form, faults);
    if let Some(short) = fingerprint.given().filter(|f| f.value.ends_with('…')) {
        let fault = Fault::new(Code::ShortFingerprint, short.span, "a fingerprint that is cut off proves nothing");
        faults.add(fault.label("not the whole of it").fix("write all 64 digits before anything is deployed there"));
    }
    let project = fields.read("project", scalar::form, faults);
    let token = fields.read("token", secret, faults);
    Some(Lxd {
        endpoint: endpoint.value().cloned(),
        fingerprint: fingerprint.value().cloned(),
        project: project.value().cloned(),
        token: token.value().cloned(),
    })
}

/// Where a secret is. The secret itself has no place in a file that is shared and stored.
fn secret(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Secret> {
    if let Node::Scalar(_) = slot.node.value {
        let message = format!("`{}` is a secret and cannot stand in a topology", slot.name);
        let fault = Fault::new(Code::PlainSecret, slot.node.span, message).label("in plain text");
        let fix = format!("write `{0}: {{ env: NAME }}` or `{0}: {{ file: PATH }}`, and change the secret", slot.name);
        faults.add(fault.fix(fix));
        return None;
    }
    let kind = kind(&SECRETS, slot, Code::UnknownKind, faults)?;
    match kind.slot.name {
        "env" => scalar::form(&kind.slot, faults).map(Secret::Env),
        _ => scalar::text(&kind.slot, faults).map(|path| Secret::File(path.into())),
    }
}

fn ssh(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Ssh> {
    let fields = Fields::open(&SSH, None, slot, faults)?;
    let address = fields.read("address", scalar::form, faults);
    let user = fields.read("user", scalar::form, faults);
    let port = fields.read("port", scalar::number, faults);
    let identity = fields.read("identity", scalar::text, faults);
    Some(Ssh {
        address: address.value()?.clone(),
        user: user.value().cloned(),
        port: port.value().copied(),
        identity: identity.value().map(PathBuf::from),
    })
}

fn live_iso(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<LiveIso> {
    let fields = Fields::open(&LIVE_ISO, None, slot, faults)?;
    let release = fields.read("release", scalar::form, faults);
    let keyboard = fields.read("keyboard", scalar::form, faults);
    let install = fields.object("install", &INSTALL, faults).map(|fields| {
        let disk = fields.read("disk", scalar::form, faults);
        let wipe = fields.read("wipe", scalar::boolean, faults);
        Some(Install { disk: disk.value()?.into(), wipe: *wipe.value().unwrap_or(&false) })
    });
    Some(LiveIso {
        release: release.value()?.clone(),
        keyboard: keyboard.value().cloned(),
        install: install.map_or(Some(None), |install| install.map(Some))?,
    })
}

fn external(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<External> {
    let fields = Fields::open(&EXTERNAL, None, slot, faults)?;
    let address = fields.read("address", scalar::form, faults);
    let ports = fields.read("ports", scalar::ports, faults);
    let ports = ports.value().copied().or_else(|| PortRange::new(EXTERNAL_PORT, EXTERNAL_PORT));
    Some(External { address: address.value()?.clone(), ports: ports? })
}
