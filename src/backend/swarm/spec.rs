//! From a probe to the service that a manager is asked for. Pure.

use std::collections::HashMap;

use bollard::models::{
    Limit, Mount, MountTmpfsOptions, MountType, NetworkAttachmentConfig, Service, ServiceSpec, ServiceSpecMode,
    ServiceSpecModeReplicated, TaskSpec, TaskSpecContainerSpec, TaskSpecContainerSpecPrivileges, TaskSpecLogDriver,
    TaskSpecPlacement, TaskSpecResources, TaskSpecRestartPolicy, TaskSpecRestartPolicyConditionEnum,
};
use sha2::{Digest, Sha256};

use crate::backend::WAIT_VERB;
use crate::backend::docker::spec::{EXECUTABLE, HOST, LOG, MEMORY, PIDS, RESOURCE, STOP_WITHIN, TOPOLOGY, USER};
use crate::domain::name::Name;
use crate::domain::topology::{Probe, Topology};
use crate::plan::ResourceId;

/// Most characters in the name of a service: it is a label of the DNS (moby, daemon/cluster/services.go).
const NAME_MAX: usize = 63;
/// Room in /tmp, in bytes, as in a container by itself.
const SCRATCH: i64 = 256 << 20;
/// Until the task of a probe that ended is started again, in nanoseconds.
const RESTART_AFTER: i64 = 1_000_000_000;

/// A probe as a resource.
pub(super) fn probe_id(probe: &Name) -> ResourceId {
    ResourceId(format!("probe/{probe}"))
}

/// The constraint that binds a service to its node.
fn bound_to(node: &str) -> String {
    format!("node.id=={node}")
}

/// The probe that `service` is, where it is bound to `node`.
pub(super) fn probe_on(service: &Service, node: &str) -> Option<Name> {
    let spec = service.spec.as_ref()?;
    let constraints = spec.task_template.as_ref()?.placement.as_ref()?.constraints.as_ref()?;
    let probe = spec.labels.as_ref()?.get(RESOURCE)?.strip_prefix("probe/")?;
    Name::new(probe).ok().filter(|_| constraints.contains(&bound_to(node)))
}

/// What its container says of itself, which is found by that on its node.
pub(super) fn container_labels(topology: &Name, host: &Name, probe: &Name) -> [(&'static str, String); 3] {
    [(TOPOLOGY, topology.to_string()), (HOST, host.to_string()), (RESOURCE, probe_id(probe).0)]
}

/// The service of a probe, bound to the node `node`, but for its labels. `seals` is whether the manager knows
/// `no-new-privileges` (API 1.46).
pub(super) fn service(
    topology: &Topology,
    (name, probe): (&Name, &Probe),
    node: &str,
    image: &str,
    seals: bool,
) -> ServiceSpec {
    let limits = probe.attachment.limits.as_ref();
    let memory = limits.and_then(|limits| limits.memory_bytes);
    let millicores = limits.and_then(|limits| limits.cpu_millicores);
    let labels = container_labels(&topology.name, &probe.host, name);
    let container = TaskSpecContainerSpec {
        image: Some(image.to_owned()),
        labels: Some(labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        command: Some(vec![EXECUTABLE.to_owned()]),
        args: Some(vec![WAIT_VERB.to_owned()]),
        user: Some(USER.to_owned()),
        privileges: seals.then(|| TaskSpecContainerSpecPrivileges {
            no_new_privileges: Some(true),
            ..TaskSpecContainerSpecPrivileges::default()
        }),
        read_only: Some(true),
        capability_drop: Some(vec!["ALL".to_owned()]),
        stop_signal: Some("SIGTERM".to_owned()),
        stop_grace_period: Some(STOP_WITHIN * 1_000_000_000),
        // An engine mounts it without devices, set-user-ID programs and programs at all.
        mounts: Some(vec![Mount {
            target: Some("/tmp".to_owned()),
            typ: Some(MountType::TMPFS),
            tmpfs_options: Some(MountTmpfsOptions { size_bytes: Some(SCRATCH), mode: Some(0o1777), options: None }),
            ..Mount::default()
        }]),
        ..TaskSpecContainerSpec::default()
    };
    let task = TaskSpec {
        container_spec: Some(container),
        resources: Some(TaskSpecResources {
            limits: Some(Limit {
                nano_cpus: millicores.map(|thousandths| i64::from(thousandths) * 1_000_000),
                memory_bytes: Some(memory.map_or(MEMORY, |bytes| i64::try_from(bytes.bytes()).unwrap_or(i64::MAX))),
                pids: Some(PIDS),
            }),
            ..TaskSpecResources::default()
        }),
        restart_policy: Some(TaskSpecRestartPolicy {
            condition: Some(TaskSpecRestartPolicyConditionEnum::ANY),
            delay: Some(RESTART_AFTER),
            ..TaskSpecRestartPolicy::default()
        }),
        placement: Some(TaskSpecPlacement { constraints: Some(vec![bound_to(node)]), ..TaskSpecPlacement::default() }),
        // The node's own: a probe is tested at its node's address, and the ingress would stand in between.
        networks: Some(vec![NetworkAttachmentConfig {
            target: Some("host".to_owned()),
            ..NetworkAttachmentConfig::default()
        }]),
        log_driver: Some(TaskSpecLogDriver {
            name: Some("json-file".to_owned()),
            options: Some(LOG.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
        }),
        ..TaskSpec::default()
    };
    ServiceSpec {
        name: Some(service_name(&topology.name, name)),
        task_template: Some(task),
        mode: Some(ServiceSpecMode {
            replicated: Some(ServiceSpecModeReplicated { replicas: Some(1) }),
            ..ServiceSpecMode::default()
        }),
        ..ServiceSpec::default()
    }
}

/// The name of a probe's service: one that is too long is cut, and made its own by a digest.
fn service_name(topology: &Name, probe: &Name) -> String {
    let name = format!("iperftester-{topology}-{probe}");
    if name.len() <= NAME_MAX {
        return name;
    }
    let digest: String = Sha256::digest(&name)[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digest}", name[..NAME_MAX - 9].trim_end_matches('-'))
}

/// `body` with these labels, made of the image that its engine knows by `id`. By its identity an engine takes the image that it
/// has; by its name it would ask a registry for it first (moby, daemon/cluster/executor/container/adapter.go).
pub(super) fn asked(body: &ServiceSpec, labels: HashMap<String, String>, id: &str) -> ServiceSpec {
    let mut body = ServiceSpec { labels: Some(labels), ..body.clone() };
    if let Some(container) = body.task_template.as_mut().and_then(|task| task.container_spec.as_mut()) {
        container.image = Some(id.to_owned());
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::{Attachment, ResourceLimits};
    use crate::domain::port::PortRange;
    use crate::domain::unit::ByteSize;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn topology() -> Topology {
        let text = r#"{"name":"lab","description":null,"hosts":{},"sites":{},"probes":{},"links":{},"groups":{},
            "tests":{},"suites":{},"campaigns":{}}"#;
        serde_json::from_str(text).unwrap()
    }

    fn probe(limits: Option<ResourceLimits>) -> Probe {
        let attachment = Attachment { limits, ..Attachment::default() };
        Probe { host: name("sw"), site: None, tags: [].into(), ports: PortRange::DEFAULT, attachment }
    }

    fn body(probe: &Probe, seals: bool) -> String {
        let body = service(&topology(), (&name("node-a"), probe), "n1", "iperftester-probe:1", seals);
        // A JSON object of serde_json is sorted by its keys.
        serde_json::to_string_pretty(&serde_json::to_value(body).unwrap()).unwrap()
    }

    #[test]
    fn a_service_for_an_engine_of_api_1_41() {
        insta::assert_snapshot!(body(&probe(None), false));
    }

    #[test]
    fn limits_and_a_newer_api_change_only_their_part() {
        let limits =
            ResourceLimits { cpu_millicores: Some(1500), memory_bytes: Some(ByteSize::new(128 << 20)), cpu_set: None };
        let plain = body(&probe(None), false);
        let changed = body(&probe(Some(limits)), true);
        let lines = |text: &str, other: &str| {
            let other: Vec<&str> = other.lines().collect();
            let own = text.lines().filter(|line| !other.contains(line)).map(|line| line.trim().to_owned());
            own.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(lines(&changed, &plain));
    }

    #[test]
    fn the_name_of_a_service_is_a_label_of_the_dns() {
        assert_eq!(service_name(&name("lab"), &name("node-a")), "iperftester-lab-node-a");
        let long = "a123456789b123456789c123456789d123456789";
        let (one, other) = (service_name(&name(long), &name("node-a")), service_name(&name(long), &name(long)));
        assert!(one.len() <= NAME_MAX && other.len() <= NAME_MAX, "{one} {other}");
        assert_ne!(other, service_name(&name(long), &name("a123456789b123456789c123456789d12345678x")));
    }

    #[test]
    fn what_is_asked_for_names_the_image_as_the_engine_knows_it() {
        let body = service(&topology(), (&name("a"), &probe(None)), "n1", "iperftester-probe:1", false);
        let asked = asked(&body, HashMap::from([("k".to_owned(), "v".to_owned())]), "sha256:1f");
        assert_eq!(asked.labels.unwrap()["k"], "v");
        assert_eq!(asked.task_template.unwrap().container_spec.unwrap().image.unwrap(), "sha256:1f");
    }
}
