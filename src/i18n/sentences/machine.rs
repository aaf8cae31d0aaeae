//! This machine: the forms of its probes, what hinders them, hosts that no build acts on, and its files.

use super::Pair;

pub(super) const PAIRS: &[Pair] = &[
    // What is not true of a topology here.
    (
        "probes are plain processes of this machine: no shaping and no path between them, one CPU for all; contracts are not \
         simulated",
        "las sondas son simples procesos de esta máquina: sin limitador ni ruta entre ellas, una CPU para todas; los contratos \
         no se simulan",
    ),
    (
        "probes in namespaces have no way out of the lab, so they do not reach {probes}; with `isolation: processes` they do",
        "las sondas en espacios de red no tienen salida del laboratorio, así que no alcanzan a {probes}; con \
         `isolation: processes` sí",
    ),
    (
        "IPv6 is off on this machine: the probes have IPv4 alone",
        "IPv6 está desactivado en esta máquina: las sondas solo tienen IPv4",
    ),
    // What cannot be had here.
    ("say the same for both", "ponga lo mismo en ambos"),
    (
        "{who}, which needs network namespaces: this process lacks {right}, and {why}",
        "{who}, lo que necesita espacios de red: este proceso no tiene {right}, y {why}",
    ),
    ("run it with sudo, or allow user namespaces: {mend}", "ejecútelo con sudo, o permita espacios de usuario: {mend}"),
    ("{switch} forbids user namespaces", "{switch} prohíbe los espacios de usuario"),
    ("a user namespace cannot be made: {words}", "no se puede crear un espacio de usuario: {words}"),
    (
        "in a container, allow it user namespaces and mounts (seccomp, AppArmor); or run as root",
        "en un contenedor, permítale espacios de usuario y montajes (seccomp, AppArmor); o ejecútelo como root",
    ),
    (
        "its probes are in namespaces of the machine, which are root's",
        "sus sondas están en espacios de red de la máquina, que son de root",
    ),
    ("run it with sudo", "ejecútelo con sudo"),
    (
        "this build cannot act on `{kind}` hosts yet ({hosts}), which carry the probes {probes}",
        "esta versión aún no puede actuar en equipos `{kind}` ({hosts}), que llevan las sondas {probes}",
    ),
    (
        "take them out of the topology, or put them on a `local`, `docker`, `swarm` or `external` host",
        "quítelas de la topología, o póngalas en un equipo `local`, `docker`, `swarm` o `external`",
    ),
    ("cannot mount /run", "no se puede montar `/run`"),
    ("{count} folders {name}-… are there", "ya existen {count} carpetas {name}-…"),
    ("its keeper has ended", "su guardián ha terminado"),
    ("it has no process id", "no tiene identificador de proceso"),
    ("it does not end", "no termina"),
    ("too many folders of ours", "demasiadas carpetas nuestras"),
    ("the resolver knows no address", "el resolutor no conoce ninguna dirección"),
    // doctor
    ("tests by {program} cannot run", "no se pueden hacer pruebas con {program}"),
    // Files, as fs_err tells of them.
    ("failed to open file `{path}`: {words}", "no se puede abrir el fichero `{path}`: {words}"),
    ("failed to create file `{path}`: {words}", "no se puede crear el fichero `{path}`: {words}"),
    ("failed to create directory `{path}`: {words}", "no se puede crear la carpeta `{path}`: {words}"),
    ("failed to read from file `{path}`: {words}", "no se puede leer el fichero `{path}`: {words}"),
    ("failed to write to file `{path}`: {words}", "no se puede escribir en el fichero `{path}`: {words}"),
    ("failed to flush file `{path}`: {words}", "no se puede terminar de escribir el fichero `{path}`: {words}"),
    ("failed to remove file `{path}`: {words}", "no se puede quitar el fichero `{path}`: {words}"),
    ("failed to read directory `{path}`: {words}", "no se puede leer la carpeta `{path}`: {words}"),
    ("failed to remove directory `{path}`: {words}", "no se puede quitar la carpeta `{path}`: {words}"),
    ("failed to query resolved metadata `{path}`: {words}", "no se pueden consultar los datos de `{path}`: {words}"),
    ("failed to canonicalize path `{path}`: {words}", "no se puede resolver la ruta `{path}`: {words}"),
    (
        "failed to rename file from `{from}` to `{to}`: {words}",
        "no se puede cambiar el nombre del fichero `{from}` a `{to}`: {words}",
    ),
];
