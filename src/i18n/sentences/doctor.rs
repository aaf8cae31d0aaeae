//! What `doctor` finds of engines.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    ("engine", "motor"),
    ("architecture", "arquitectura"),
    ("limits", "límites"),
    ("disk", "disco"),
    ("shaping", "limitadores"),
    ("image", "imagen"),
    ("topology", "topología"),
    (
        "none at Docker's usual socket: only probes in containers need one",
        "ninguno en el socket habitual de Docker: solo lo necesitan las sondas en contenedores",
    ),
    (
        "{engine} {version}, API {api}, on {architecture}, as root",
        "{engine} {version}, API {api}, en {architecture}, como root",
    ),
    (
        "{engine} {version}, API {api}, on {architecture}, as root, its containers as users of their own",
        "{engine} {version}, API {api}, en {architecture}, como root, y sus contenedores como usuarios propios",
    ),
    (
        "{engine} {version}, API {api}, on {architecture}, without root",
        "{engine} {version}, API {api}, en {architecture}, sin root",
    ),
    ("it keeps those of probes, by {groups}", "cumple los de las sondas, por {groups}"),
    (
        "it does not keep {which} of probes, by {groups}: one of them may take all of its host",
        "no cumple {which} de las sondas, por {groups}: una de ellas puede ocupar todo su equipo",
    ),
    ("control groups", "grupos de control"),
    ("version {number} of control groups", "la versión {number} de los grupos de control"),
    (
        "add it to `Delegate=` of user@.service on that host, and log in again",
        "añádalo a `Delegate=` de user@.service en ese equipo, y vuelva a entrar",
    ),
    (
        "use that host's engine as root, or boot it with `systemd.unified_cgroup_hierarchy=1`, which gives version 2",
        "use el motor de ese equipo como root, o arránquelo con `systemd.unified_cgroup_hierarchy=1`, que da la versión 2",
    ),
    (
        "boot that host with `cgroup_enable=memory swapaccount=1`, or with a kernel that has these limits",
        "arranque ese equipo con `cgroup_enable=memory swapaccount=1`, o con un núcleo que tenga estos límites",
    ),
    ("{space} MB free where it keeps its images", "{space} MB libres donde guarda sus imágenes"),
    ("within {seconds} s of this machine's", "a menos de {seconds} s del de esta máquina"),
    (
        "{seconds} s ahead of this machine's: times in its logs are not those of reports, and certificates may fail",
        "{seconds} s por delante del de esta máquina: las horas de sus registros no son las de los informes, y los \
         certificados pueden fallar",
    ),
    (
        "{seconds} s behind this machine's: times in its logs are not those of reports, and certificates may fail",
        "{seconds} s por detrás del de esta máquina: las horas de sus registros no son las de los informes, y los \
         certificados pueden fallar",
    ),
    ("on the host that is wrong: {command}", "en el equipo que va mal: {command}"),
    (
        "what shapes the links between its containers is in reach",
        "lo que limita los enlaces entre sus contenedores está al alcance",
    ),
    ("the engine has it", "el motor la tiene"),
    ("the engine has not got it: `deploy` brings it", "el motor no la tiene: `deploy` la lleva"),
    (
        "made: `deploy` sends it to the engines that have not got it",
        "hecha: `deploy` la envía a los motores que no la tienen",
    ),
    ("not made yet: the next `build` or `deploy` makes it", "aún no está hecha: la hace el próximo `build` o `deploy`"),
    ("`{file}` has faults: nothing is known of its hosts", "`{file}` tiene fallos: no se sabe nada de sus equipos"),
    ("on a machine whose kernel has it", "en una máquina cuyo núcleo lo tenga"),
];
